import { Option, type Command } from 'commander';

import { addVerb } from './surface.ts';

const argumentHelp = { grant: 'its id (guichet grants list)' };

export function grantsCommand(noun: Command): void {
  addVerb(noun, {
    usage: 'list',
    summary: 'list what people allowed clients and still stands, youngest first',
    options: [
      new Option('--user <user>', 'of one person; e-mail address, username or id'),
      new Option('--client <client_id>', 'to one client'),
      new Option('--limit <n>', 'rows at most (default: 100)'),
      new Option('--after <next>', 'go on where the page before ended (its next)'),
    ],
    examples: ['grants list --user ada@example.com'],
    load: async () => (await import('./grant-actions.ts')).list,
  });
  addVerb(noun, {
    usage: 'show <grant>',
    summary: 'show one',
    argumentHelp,
    load: async () => (await import('./grant-actions.ts')).show,
  });
  addVerb(noun, {
    usage: 'revoke <grant>',
    summary: 'end one, with its refresh tokens and access tokens',
    argumentHelp,
    notes:
      'All that a client holds of a person, and what it may have without asking, ends with users withdraw.',
    load: async () => (await import('./grant-actions.ts')).end,
  });
}
