import type { ConsoleTokenPages } from '../locals/console-tokens.ts';
import { lately, sampleConsole, since } from './console-frame.ts';
import type { SamplesOf } from './samples.ts';

const ines = { label: 'ines.moreau@example.org', path: '/console/users/usr_01k9x4w3v2' };
const notes = { label: 'Atelier Notes', path: '/console/clients/cli_01k9x4w3v2' };

const pager = { first: undefined, next: '/console/tokens?after=next' };

const sessions: ConsoleTokenPages['console-sessions'] = {
  frame: sampleConsole('Sessions'),
  filters: { account: '', client: '' },
  pager,
  sessions: [
    {
      id: 'ses_1',
      person: ines,
      device: 'Firefox on Linux',
      address: '2001:db8:4711:fe00:1234:5678:9abc:def0',
      clients: [notes, { label: 'guichet-console', path: '/console/clients/guichet-console' }],
      since,
      lastUsedAt: lately,
    },
    {
      id: 'ses_2',
      person: { label: 'usr_01k9x4w3v3', path: '/console/users/usr_01k9x4w3v3' },
      device: 'Unknown browser',
      address: '',
      clients: [],
      since,
      lastUsedAt: lately,
    },
  ],
  mayWrite: true,
};

const tokens: ConsoleTokenPages['console-tokens'] = {
  frame: sampleConsole('Access tokens'),
  filters: { client: '', account: '', api: '', state: '' },
  apis: [{ id: 'api_1', audience: 'https://api.example.com/orders' }],
  states: ['live', 'revoked', 'expired'],
  pager,
  tokens: [
    {
      id: '5a'.repeat(32),
      client: notes,
      person: ines,
      audience: 'https://api.example.com/orders',
      state: 'live',
      isAlive: true,
      issuedAt: since,
      expiresAt: lately,
    },
    {
      id: '5b'.repeat(32),
      client: { label: 'Nightly', path: '/console/clients/cli_01k9x4w3v3' },
      person: undefined,
      audience: 'https://api.example.com/orders',
      state: 'revoked',
      isAlive: false,
      issuedAt: since,
      expiresAt: lately,
    },
  ],
  explanation: undefined,
  mayWrite: true,
};

const keys: ConsoleTokenPages['console-keys'] = {
  frame: sampleConsole('Keys'),
  keys: [
    {
      kid: 'mN1Ss0MUUn3Tl8dGJ7vKp8lXbYbJmRm0cT8dYyKpQzA',
      alg: 'ES256',
      state: 'active',
      since,
      mayRevoke: true,
    },
    {
      kid: 'b3Vq8ZkR2r6cHq0iJtC1oXx7YwDgPpLeUuSsTtRrQqO',
      alg: 'RS256',
      state: 'revoked',
      since,
      mayRevoke: false,
    },
  ],
  algs: ['ES256', 'RS256', 'EdDSA'],
  equivalent: { command: 'guichet keys rotate' },
  mayWrite: true,
};

export const consoleTokenSamples: SamplesOf<ConsoleTokenPages> = {
  'console-sessions': { some: sessions, none: { ...sessions, sessions: [] } },
  'console-tokens': {
    some: tokens,
    none: { ...tokens, apis: [], tokens: [], mayWrite: false },
    dead: {
      ...tokens,
      explanation: {
        what: 'An access token (JWT)',
        summary: 'Dead since 6 May 2031: revoked by account:usr_1, with the session it was issued in.',
        verifiers:
          'Introspection and the status list refuse it; who checks the signature alone does not know.',
        isAlive: false,
        tokenId: undefined,
        times: [
          { label: 'Issued', at: since },
          { label: 'Revoked', at: lately },
        ],
        facts: [
          { label: 'Client', value: 'Atelier Notes (enabled)' },
          { label: 'Signed by', value: 'mN1Ss0MUUn3Tl8dGJ7vKp8lXbYbJmRm0cT8dYyKpQzA (active)' },
        ],
        claims: '{\n  "iss": "https://login.example.org",\n  "sub": "usr_1"\n}',
      },
    },
    alive: {
      ...tokens,
      explanation: {
        what: 'An access token (JWT)',
        summary: 'Alive until 6 May 2031, 07:20 UTC.',
        verifiers: 'Everybody takes it.',
        isAlive: true,
        tokenId: '5a'.repeat(32),
        times: [{ label: 'Issued', at: since }],
        facts: [{ label: 'Scopes', value: 'orders:read orders:write' }],
        claims: undefined,
      },
    },
  },
  'console-keys': { some: keys, auditor: { ...keys, mayWrite: false } },
};
