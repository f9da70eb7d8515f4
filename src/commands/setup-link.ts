import type { Command } from 'commander';

import { runAction } from './run.ts';
import { afterHelp, jsonOption } from './surface.ts';

export function setupLinkCommand(command: Command): void {
  command
    .addOption(jsonOption())
    .addHelpText(
      'after',
      afterHelp({
        notes:
          'Whoever follows it makes an account with the role owner, once, within a day; older links die. The server prints one by\nitself while there is no owner. Somebody who has an account is made one by: roles give owner --api guichet-admin --user EMAIL',
      }),
    )
    .action(async () => {
      const invocation = { args: command.args, options: command.opts() };
      process.exitCode = await runAction(load, invocation, { schema: 'current' });
    });
}

async function load() {
  return (await import('./setup-link-action.ts')).makeSetupLink;
}
