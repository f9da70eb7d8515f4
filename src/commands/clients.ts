import { InvalidArgumentError, Option, type Command } from 'commander';

import { addVerb, repeatable, requirementOption } from './surface.ts';

const CLIENT = {
  client: 'client_id',
  document: '- reads an RFC 7591 document from standard input, like --stdin',
};

const GRANT_TYPES = 'authorization_code, refresh_token, client_credentials, device_code, token-exchange';

export function clientsCommand(noun: Command): void {
  addVerb(noun, {
    usage: 'create [document]',
    summary: 'register a client application',
    argumentHelp: CLIENT,
    options: [
      new Option('--kind <kind>', 'what it is; anything below overrides what that means').choices([
        'web',
        'spa',
        'native',
        'machine',
        'device',
        'api',
      ]),
      new Option('--id <client_id>', 'a client_id of your own (default: generated)'),
      new Option(
        '--secret-expires-in <days>',
        'how long its secret works (default: until it is rotated away)',
      ),
      ...metadataOptions(),
      ...accessOptions(),
    ],
    notes: `Kinds: web (server-side, has a secret), spa (in the browser), native (on a phone or desktop), machine (acts for
itself, client_credentials), device (has no browser), api (introspects the tokens of an API, see --acts-for).
A secret is generated, shown once and stored as a digest.`,
    examples: [
      'clients create --name Nightly --kind machine --default-api https://api.example.com',
      'clients create --name Shop --kind web --redirect-uri https://shop.example.com/callback \\\n      --api https://api.example.com --scopes "orders:read orders:write"',
      'clients create --stdin < client.json',
    ],
    load: async () => (await import('./client-create.ts')).create,
  });
  addVerb(noun, {
    usage: 'list',
    summary: 'list clients, oldest first',
    options: pageOptions('name or id'),
    load: async () => (await import('./client-actions.ts')).list,
  });
  addVerb(noun, {
    usage: 'show <client>',
    summary: 'show one client',
    argumentHelp: CLIENT,
    load: async () => (await import('./client-actions.ts')).show,
  });
  addVerb(noun, {
    usage: 'update <client> [document]',
    summary: 'change metadata and what the client may ask for',
    argumentHelp: CLIENT,
    options: [
      ...metadataOptions(),
      repeatable('--unset <member>', 'take a metadata member away'),
      ...accessOptions(),
      repeatable('--remove-api <audience>', 'it may ask for no more tokens of this API'),
      new Option('--no-default-api', 'requests have to name an API'),
      new Option('--no-acts-for', 'it may introspect no API any more'),
      new Option('--no-first-party', 'people are asked for consent'),
      new Option(
        '--no-exchange',
        'it may exchange only its own tokens and those addressed to the API it acts for',
      ),
      new Option('--no-impersonation', 'tokens it exchanges say that it acts'),
      new Option('--no-certificate-bound', 'its tokens work without a certificate'),
    ],
    notes: 'Lists replace what was there. A document on standard input is merged; null takes a member away.',
    examples: ['clients update cli_… --api https://api.example.com --scopes "orders:read"'],
    load: async () => (await import('./client-update.ts')).update,
  });
  addVerb(noun, {
    usage: 'brand <client>',
    summary: 'its logo and colour on the pages where people sign in to it',
    argumentHelp: CLIENT,
    options: [
      new Option('--color <#rrggbb>', 'of buttons and links; made readable in light and dark'),
      new Option('--logo <path>', 'SVG, PNG, JPEG or WebP, 20 kB at most'),
      new Option('--no-color', 'the colour of the service'),
      new Option('--no-logo', 'no logo'),
    ],
    examples: ["clients brand cli_… --color '#7a1fa2' --logo ./notes.svg"],
    load: async () => (await import('./client-brand.ts')).brand,
  });
  addVerb(noun, {
    usage: 'rotate-secret <client>',
    summary: 'generate another secret',
    argumentHelp: CLIENT,
    options: [
      new Option(
        '--overlap <seconds>',
        'how long the present secret goes on working; 0 when it leaked (default: a day)',
      ),
      new Option('--expires-in <days>', 'how long the new one works (default: until it is rotated away)'),
    ],
    notes: 'Two secrets work at most: any third ends now.',
    examples: ['clients rotate-secret cli_… --overlap 3600 --expires-in 365'],
    load: async () => (await import('./client-secrets.ts')).rotate,
  });
  addVerb(noun, {
    usage: 'secrets <client>',
    summary: 'list its secrets: how they begin, when they expire, when they were last used',
    argumentHelp: CLIENT,
    notes: 'A use is written down a minute later at most, and when the server stops.',
    load: async () => (await import('./client-secrets.ts')).list,
  });
  addVerb(noun, {
    usage: 'revoke-secret <client> <secret>',
    summary: 'end one of two secrets now',
    argumentHelp: { ...CLIENT, secret: 'its id, as clients secrets lists it' },
    notes: 'The last one that works is not ended but replaced: clients rotate-secret --overlap 0.',
    load: async () => (await import('./client-secrets.ts')).revoke,
  });
  addVerb(noun, {
    usage: 'disable <client>',
    summary: 'end all its tokens and grants, and let it ask for no more',
    argumentHelp: CLIENT,
    load: async () => (await import('./client-actions.ts')).disable,
  });
  addVerb(noun, {
    usage: 'enable <client>',
    summary: 'let a disabled client work again',
    argumentHelp: CLIENT,
    load: async () => (await import('./client-actions.ts')).enable,
  });
  addVerb(noun, {
    usage: 'delete <client>',
    summary: 'end all its tokens and grants, and forget it',
    argumentHelp: CLIENT,
    load: async () => (await import('./client-actions.ts')).remove,
  });
}

export function pageOptions(searched: string): Option[] {
  return [
    new Option('--search <text>', `part of the ${searched}`),
    new Option('--limit <n>', 'rows at most (default: 100)'),
    new Option('--after <next>', 'go on where the page before ended (its next)'),
  ];
}

function metadataOptions(): Option[] {
  return [
    new Option('--name <text>', 'client_name: shown to people when they are asked for consent'),
    repeatable('--redirect-uri <uri>', 'where people are sent back to'),
    repeatable('--post-logout-redirect-uri <uri>', 'where people may be sent after signing out'),
    new Option('--backchannel-logout-uri <uri>', 'told when a person signs out'),
    repeatable('--grant-type <type>', GRANT_TYPES),
    new Option('--auth-method <method>', 'token_endpoint_auth_method').choices([
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'self_signed_tls_client_auth',
      'none',
    ]),
    new Option('--jwks-file <path>', 'its public keys (RFC 7517), with x5c for TLS'),
    new Option('--jwks-uri <uri>', 'where its public keys are published'),
    new Option('--certificate-bound', 'its tokens work only with its TLS client certificate (RFC 8705)'),
    new Option('--stdin', 'read an RFC 7591 document from standard input; options override it'),
  ];
}

/** `--scopes` belongs to the `--api` before it, so the two fill one list in the order in which they were typed. */
function accessOptions(): Option[] {
  const access: { audience: string; scopes: string[] }[] = [];
  return [
    new Option('--api <audience>', 'an API it may ask tokens for (repeatable), followed by').argParser(
      (audience: string) => {
        access.push({ audience, scopes: [] });
        return access;
      },
    ),
    new Option('--scopes <names>', 'the scopes it may ask of that API, separated by spaces').argParser(
      (names: string) => {
        const last = access.at(-1);
        if (!last) throw new InvalidArgumentError('It follows the --api it belongs to.');
        last.scopes = names.split(/[\s,]+/).filter(Boolean);
        return names;
      },
    ),
    new Option('--default-api <audience>', 'the API of requests that name none'),
    new Option(
      '--acts-for <audience>',
      'these are the credentials of this API itself: it may introspect its tokens',
    ),
    new Option('--first-party', 'ours: people are not asked for consent'),
    requirementOption('people sign in to it'),
    repeatable('--exchange-api <audience>', 'it may exchange tokens that are addressed to this API'),
    repeatable('--exchange-client <client_id>', 'but only those that were issued to this client'),
    repeatable('--exchange-issuer <issuer>', 'it may exchange tokens of this trusted issuer'),
    new Option('--impersonation', 'tokens it exchanges need not say that it acts'),
  ];
}
