import type { Command } from 'commander';

import { afterHelp, jsonOption } from './surface.ts';
import { runAction } from './run.ts';

export function migrateCommand(command: Command): void {
  command
    .addOption(jsonOption())
    .addHelpText(
      'after',
      afterHelp({
        notes:
          'Runs what is pending, once, whoever else runs it at the same moment. The previous version goes on serving\nmeanwhile. An embedded database needs no help: the server migrates it by itself.',
      }),
    )
    .action(async () => {
      const load = async () => (await import('./migrate-action.ts')).migrateSchema;
      const invocation = { args: command.args, options: command.opts() };
      process.exitCode = await runAction(load, invocation, { schema: 'any' });
    });
}
