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
      const invocation = { args: command.args, options: command.opts() };
      process.exitCode = await runAction(loadMigration, invocation, { schema: 'any' });
    });
}

async function loadMigration() {
  return (await import('./migrate-action.ts')).migrateSchema;
}
