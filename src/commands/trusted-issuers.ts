import { Option, type Command } from 'commander';

import { addVerb, repeatable } from './surface.ts';

const ISSUER = { issuer: 'its iss or its id' };

export function trustedIssuersCommand(noun: Command): void {
  addVerb(noun, {
    usage: 'create <issuer>',
    summary: 'trust a foreign issuer: clients that may, exchange its tokens for ours',
    argumentHelp: { issuer: 'as its tokens carry it in iss' },
    options: [
      new Option(
        '--identity-provider <slug>',
        'whose people its subjects are: a token speaks for the account that has connected them',
      ).makeOptionMandatory(),
      new Option('--audience <text>', 'what its tokens call us in aud (default: our own issuer)'),
      new Option('--jwks-uri <uri>', 'where its public keys are (default: found by discovery)'),
      repeatable('--alg <alg>', 'with which its tokens are signed (default: ES256 and RS256)'),
      new Option('--max-age <seconds>', 'older tokens are refused (default: 3600)'),
      new Option('--one-time', 'each token is exchanged once, by its jti'),
    ],
    examples: [
      'trusted-issuers create https://ci.example.com --identity-provider staff --one-time',
      'clients update cli_… --grant-type token-exchange --exchange-issuer https://ci.example.com',
    ],
    load: async () => (await import('./trusted-issuer-actions.ts')).create,
  });
  addVerb(noun, {
    usage: 'list',
    summary: 'list trusted issuers',
    load: async () => (await import('./trusted-issuer-actions.ts')).list,
  });
  addVerb(noun, {
    usage: 'show <issuer>',
    summary: 'show one trusted issuer',
    argumentHelp: ISSUER,
    load: async () => (await import('./trusted-issuer-actions.ts')).show,
  });
  addVerb(noun, {
    usage: 'delete <issuer>',
    summary: 'trust it no more, and end every token that came of one of its',
    argumentHelp: ISSUER,
    load: async () => (await import('./trusted-issuer-actions.ts')).remove,
  });
}
