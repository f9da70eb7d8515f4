import { Option, type Command } from 'commander';

import { addVerb } from './surface.ts';

export function blocksCommand(noun: Command): void {
  addVerb(noun, {
    usage: 'add <network>',
    summary: 'answer nothing but 403 to an address or a network; the same one again is blocked for longer',
    argumentHelp: { network: 'address or CIDR: 203.0.113.7, 203.0.113.0/24, 2001:db8::/48' },
    options: [
      new Option('--reason <text>', 'why, for whoever finds the block later').makeOptionMandatory(),
      new Option('--for <duration>', 'how long, like 30m, 2h or 7d (default: until it is lifted)'),
    ],
    notes:
      'Every process refuses within a second. Refused here: loopback, networks with a trusted proxy in them, and networks ' +
      'wider than /8 (IPv4) or /16 (IPv6). Behind an IPv6 address stands a whole /64: block that.',
    examples: [
      'blocks add 203.0.113.7 --reason "guesses passwords" --for 2h',
      'blocks add 2001:db8:1:2::/64 --reason "ticket 4711"',
    ],
    load: async () => (await import('./block-actions.ts')).add,
  });
  addVerb(noun, {
    usage: 'list',
    summary: 'list what is blocked, newest first',
    options: [
      new Option('--all', 'also what was lifted or is over; kept for 30 days'),
      new Option('--limit <n>', 'rows at most (default: 100)'),
      new Option('--after <next>', 'go on where the page before ended (its next)'),
    ],
    load: async () => (await import('./block-actions.ts')).list,
  });
  addVerb(noun, {
    usage: 'lift <block>',
    summary: 'let a network in again',
    argumentHelp: { block: 'id of the block, or the network as it was blocked' },
    load: async () => (await import('./block-actions.ts')).lift,
  });
}
