import { Option, type Command } from 'commander';

import { pageOptions } from './clients.ts';
import { addVerb, repeatable, requirementOption } from './surface.ts';

const AUDIENCE = { api: 'the audience of the API, or its id' };

export function apisCommand(noun: Command): void {
  addVerb(noun, {
    usage: 'create',
    summary: 'register an API',
    options: [
      new Option(
        '--audience <uri>',
        'absolute URI: the aud of its tokens (RFC 8707); cannot be changed',
      ).makeOptionMandatory(),
      new Option('--name <text>', 'shown to people when they are asked for consent').makeOptionMandatory(),
      repeatable('--scope <name=description>', 'a scope and, in words, what it allows'),
      ttlOption(),
      algOption(),
      requirementOption('people have signed in to get a token for it'),
      enforceOption(),
    ],
    examples: [
      'apis create --audience https://api.example.com --name Orders \\\n      --scope orders:read="See your orders" --scope orders:write="Change your orders"',
    ],
    load: async () => (await import('./api-actions.ts')).create,
  });
  addVerb(noun, {
    usage: 'list',
    summary: 'list APIs by their audience',
    options: pageOptions('audience or name'),
    load: async () => (await import('./api-actions.ts')).list,
  });
  addVerb(noun, {
    usage: 'show <api>',
    summary: 'show one API with its scopes',
    argumentHelp: AUDIENCE,
    load: async () => (await import('./api-actions.ts')).show,
  });
  addVerb(noun, {
    usage: 'update <api>',
    summary: 'change name, scopes, lifetime or signature',
    argumentHelp: AUDIENCE,
    options: [
      new Option('--name <text>', 'another name'),
      repeatable('--scope <name=description>', 'add a scope, or describe one anew'),
      repeatable('--remove-scope <name>', 'take a scope away, also from every client that may ask for it'),
      ttlOption(),
      algOption(),
      requirementOption('people have signed in to get a token for it'),
      enforceOption(),
      new Option('--no-enforce-roles', 'they carry whatever the client may ask for'),
    ],
    examples: ['apis update https://api.example.com --ttl 600 --scope orders:cancel="Cancel your orders"'],
    notes:
      'Tokens that were issued before keep what they say: tokens revoke --api ends them. Beginning to enforce roles ends them by itself.',
    load: async () => (await import('./api-actions.ts')).update,
  });
  addVerb(noun, {
    usage: 'disable <api>',
    summary: 'end every token for the API and issue no more',
    argumentHelp: AUDIENCE,
    load: async () => (await import('./api-actions.ts')).disable,
  });
  addVerb(noun, {
    usage: 'enable <api>',
    summary: 'issue tokens for the API again',
    argumentHelp: AUDIENCE,
    load: async () => (await import('./api-actions.ts')).enable,
  });
  addVerb(noun, {
    usage: 'delete <api>',
    summary: 'end every token for the API and forget it',
    argumentHelp: AUDIENCE,
    load: async () => (await import('./api-actions.ts')).remove,
  });
}

function enforceOption(): Option {
  return new Option('--enforce-roles', 'its tokens carry only scopes that a role carries: see roles --help');
}

function ttlOption(): Option {
  return new Option(
    '--ttl <seconds>',
    'lifetime of its tokens, at most a day (default: GUICHET_ACCESS_TOKEN_TTL_SECONDS)',
  );
}

function algOption(): Option {
  return new Option('--alg <alg>', 'signature of its tokens (default: ES256)').choices([
    'ES256',
    'RS256',
    'EdDSA',
  ]);
}
