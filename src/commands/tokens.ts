import { Option, type Command } from 'commander';

import { TOKEN_STATES } from '../revocation/search-tokens.ts';
import { addVerb } from './surface.ts';

export function tokensCommand(noun: Command): void {
  addVerb(noun, {
    usage: 'list',
    summary: 'search the ledger of access tokens, youngest first',
    options: [
      new Option('--user <user>', 'of a person; e-mail address, username or id'),
      new Option('--client <client_id>', 'of a client'),
      new Option('--api <api>', 'for an API; audience or id'),
      new Option('--grant <id>', 'of one grant (guichet grants list)'),
      new Option('--session <id>', 'of one browser sign-in (guichet sessions list)'),
      new Option('--key <kid>', 'signed with this key'),
      new Option('--state <state>', 'only those').choices(TOKEN_STATES),
      new Option(
        '--issued-from <when>',
        'not before a time (2026-03-01T00:00:00Z), or how long ago (24h, 7d)',
      ),
      new Option('--issued-before <when>', 'before a time, or how long ago'),
      new Option('--limit <n>', 'rows at most (default: 100)'),
      new Option('--after <next>', 'go on where the page before ended (its next)'),
    ],
    examples: [
      'tokens list --user ada@example.com --state live',
      'tokens list --client cli_… --issued-from 1h',
    ],
    load: async () => (await import('./token-search.ts')).list,
  });
  addVerb(noun, {
    usage: 'show <token>',
    summary: 'show one token in the ledger',
    argumentHelp: { token: 'its id in the ledger (guichet tokens list)' },
    notes: 'What a token itself says, and why it is dead: guichet tokens inspect.',
    load: async () => (await import('./token-search.ts')).show,
  });
  addVerb(noun, {
    usage: 'inspect',
    summary: 'what a token is, who may use it where, and whether and why it is dead',
    options: [
      new Option('--audience <uri>', 'would the API with this audience accept it?'),
      new Option('--scope <scopes>', 'would an API accept it that asks for these, separated by spaces?'),
    ],
    notes:
      'The token is read from standard input, so that it stays out of the process list and the shell history.\nIt may be of any kind: access, refresh or ID token, code, logout token, something of somebody else.',
    examples: [
      'tokens inspect < token.txt',
      'tokens inspect --json <<< "$TOKEN"',
      'tokens inspect --audience https://api.example/orders --scope "orders:read" < token.txt',
    ],
    load: async () => (await import('./token-inspect.ts')).inspect,
  });
  addVerb(noun, {
    usage: 'revoke',
    summary: 'end tokens, with everything that could make new ones',
    options: [
      new Option('--token-stdin', 'the token on standard input; a refresh token ends its whole grant'),
      new Option('--id <id>', 'the access token with this id in the ledger (guichet tokens list)'),
      new Option('--jti <id>', 'the access token with this jti'),
      new Option('--grant <id>', 'what a person allowed one client, once'),
      new Option('--session <id>', 'one browser sign-in (guichet sessions list)'),
      new Option('--user <user>', 'everything of a person; e-mail address, username or id'),
      new Option('--client <client_id>', 'everything of a client'),
      new Option('--api <api>', 'every token for an API; audience or id'),
      new Option('--key <kid>', 'every token signed with this key; see also guichet keys revoke'),
      new Option('--issued-before <time>', 'everything older than an ISO 8601 time, or now'),
    ],
    notes:
      'Give exactly one of them. It works at once at introspection, userinfo and refresh, on every process.',
    examples: [
      'tokens revoke --user ada@example.com',
      'tokens revoke --issued-before 2026-01-31T12:00:00Z',
      'tokens revoke --token-stdin < token.txt',
    ],
    load: async () => (await import('./token-revoke.ts')).revokeTokens,
  });
}
