import { Option, type Command } from 'commander';

import { runAction } from './run.ts';
import { afterHelp, jsonOption } from './surface.ts';

export function explainCommand(command: Command): void {
  command
    .argument(
      '[request-id]',
      'as the answer carries it: X-Request-Id, request_id, or the end of error_description; without it, the latest are listed',
    )
    .addOption(new Option('--client <client_id>', 'of the list: of one client'))
    .addOption(new Option('--limit <n>', 'of the list: rows at most (default: 100)'))
    .addOption(new Option('--after <next>', 'of the list: go on where the page before ended (its next)'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      afterHelp({
        notes:
          'Explanations are kept for 24 hours. They are for operators: no client or person gets to see one.',
        examples: ['explain req_0123456789abcdef0123456789abcdef', 'explain --client cli_… --limit 20'],
      }),
    )
    .action(async () => {
      const invocation = { args: command.args, options: command.opts() };
      process.exitCode = await runAction(loadExplanation, invocation, { schema: 'current' });
    });
}

async function loadExplanation() {
  return (await import('./explain-action.ts')).explainRequest;
}
