import { Option, type Command } from 'commander';

import { addVerb } from './surface.ts';

export function sessionsCommand(noun: Command): void {
  addVerb(noun, {
    usage: 'list',
    summary: 'list browser sessions, youngest first',
    options: [
      new Option('--user <user>', 'of one person; e-mail address, username or id'),
      new Option('--client <client_id>', 'with which somebody went to this client'),
      new Option('--limit <n>', 'rows at most (default: 100)'),
      new Option('--after <next>', 'go on where the page before ended (its next)'),
    ],
    load: async () => (await import('./session-actions.ts')).list,
  });
  addVerb(noun, {
    usage: 'show <session>',
    summary: 'show one',
    argumentHelp: { session: 'id of the session (guichet sessions list)' },
    load: async () => (await import('./session-actions.ts')).show,
  });
  addVerb(noun, {
    usage: 'end <session>',
    summary: 'sign a browser out: its tokens die, its clients are told',
    argumentHelp: { session: 'id of the session (guichet sessions list)' },
    load: async () => (await import('./session-actions.ts')).end,
  });
}
