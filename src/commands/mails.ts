import { Option, type Command } from 'commander';

import { addVerb } from './surface.ts';

export function mailsCommand(noun: Command): void {
  addVerb(noun, {
    usage: 'list',
    summary: 'list mails, latest first, and what became of them',
    options: [
      new Option('--to <address>', 'to this address only'),
      new Option('--limit <number>', 'how many at most').default('20'),
    ],
    notes: 'Mails are forgotten after 30 days.',
    load: async () => (await import('./mail-actions.ts')).list,
  });
  addVerb(noun, {
    usage: 'show [mail]',
    summary: 'read a mail that is kept here because there is no mail server; without an id the latest',
    argumentHelp: { mail: 'its id (guichet mails list)' },
    options: [
      new Option('--to <address>', 'the latest to this address'),
      new Option('--link', 'print only the link in it'),
    ],
    examples: ['mails show --to ada@example.com --link'],
    load: async () => (await import('./mail-actions.ts')).show,
  });
  addVerb(noun, {
    usage: 'test <address>',
    summary: 'send a mail to see whether one arrives',
    argumentHelp: { address: 'where to' },
    examples: ['mails test ada@example.com'],
    load: async () => (await import('./mail-actions.ts')).test,
  });
}
