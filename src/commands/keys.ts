import { Option, type Command } from 'commander';

import { addVerb } from './surface.ts';

export function keysCommand(noun: Command): void {
  addVerb(noun, {
    usage: 'list',
    summary: 'list signing keys with their state',
    load: async () => (await import('./key-actions.ts')).list,
  });
  addVerb(noun, {
    usage: 'rotate',
    summary: 'publish a successor, which signs once every cached JWKS can have it',
    options: [
      new Option('--alg <alg>', 'of this algorithm only').choices(['ES256', 'RS256', 'EdDSA']),
      new Option('--now', 'sign with it at once: verifiers that cache the JWKS may fail until they fetch it'),
    ],
    load: async () => (await import('./key-actions.ts')).rotate,
  });
  addVerb(noun, {
    usage: 'revoke',
    summary: 'a key leaked: out of the JWKS, another one signs, every token it signed is dead',
    options: [new Option('--kid <kid>', 'which one (guichet keys list)').makeOptionMandatory()],
    load: async () => (await import('./key-actions.ts')).revoke,
  });
}
