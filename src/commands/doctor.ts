import type { Command } from 'commander';

import { afterHelp, jsonOption } from './surface.ts';
import { runStandalone } from './run.ts';

export function doctorCommand(command: Command): void {
  command
    .addOption(jsonOption())
    .addHelpText(
      'after',
      afterHelp({ notes: 'Exits with 1 when something is wrong, and says what to do about it.' }),
    )
    .action(async () => {
      process.exitCode = await runStandalone(loadExamination, {
        args: command.args,
        options: command.opts(),
      });
    });
}

async function loadExamination() {
  return (await import('./doctor-action.ts')).examine;
}
