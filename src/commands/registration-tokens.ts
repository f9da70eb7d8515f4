import { Option, type Command } from 'commander';

import { addVerb } from './surface.ts';

export function registrationTokensCommand(noun: Command): void {
  addVerb(noun, {
    usage: 'create',
    summary: 'a token with which applications can register themselves until it expires',
    options: [new Option('--ttl <seconds>', 'how long, at most 30 days (default: 1 hour)')],
    notes:
      'Clients that register themselves may ask for no API until: guichet clients update <client_id> --api …',
    load: async () => (await import('./registration-token-create.ts')).create,
  });
}
