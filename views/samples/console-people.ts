import type { ConsolePages } from '../locals/console.ts';
import type { ConsolePeoplePages } from '../locals/console-people.ts';
import { lately, sampleConsole, sampleHeldRoles, since } from './console-frame.ts';
import type { SamplesOf } from './samples.ts';

const pager = { first: undefined, next: undefined };

const users: ConsolePages['console-users'] = {
  frame: sampleConsole('Users'),
  search: { action: '/console/users', text: '', label: 'E-mail address or username' },
  pager,
  users: [
    {
      id: 'usr_1',
      name: 'Inès Moreau',
      identifier: 'ines.moreau@example.org',
      isVerified: true,
      isDisabled: false,
      createdAt: since,
    },
    {
      id: 'usr_2',
      name: 'ada',
      identifier: 'ada',
      isVerified: false,
      isDisabled: true,
      createdAt: lately,
    },
  ],
  mayWrite: true,
};

const newUser: ConsolePages['console-new-user'] = {
  frame: sampleConsole('Users'),
  values: {},
  equivalent: { command: "guichet users invite ada@example.com --name 'Ada Lovelace'" },
};

const user: ConsolePages['console-user'] = {
  frame: sampleConsole('Users'),
  id: 'usr_01k9x4w3v2',
  name: 'Inès Moreau',
  isDisabled: false,
  createdAt: since,
  updatedAt: lately,
  hasPassword: true,
  passwordChangedAt: lately,
  form: {
    values: { email: 'ines.moreau@example.org', email_verified: 'on', name: 'Inès Moreau', locale: 'fr' },
    etag: '"bWFkZSBmcm9tIHRoaXM"',
    differences: [],
  },
  factors: { passkeys: 1, totp: true, recoveryCodes: 8 },
  identities: [{ id: 'idn_1', provider: 'company', label: 'ines@atelier.example' }],
  sessions: [
    { id: 'ses_1', device: 'Firefox on Linux', address: '192.0.2.7', since, lastUsedAt: lately },
    { id: 'ses_2', device: 'Unknown browser', address: '', since, lastUsedAt: lately },
  ],
  consents: [
    {
      clientId: 'cli_01k9x4w3v2',
      name: 'Atelier Notes',
      scopes: ['openid', 'profile', 'orders:read'],
      since,
    },
  ],
  roles: sampleHeldRoles('/console/users/usr_01k9x4w3v2'),
  equivalent: { command: "guichet users update usr_01k9x4w3v2 --name 'Inès Moreau'" },
  mayWrite: true,
  mayEndSessions: true,
  mayWithdraw: true,
};

export const consolePeopleSamples: SamplesOf<ConsolePeoplePages> = {
  'console-users': { some: users, none: { ...users, users: [] } },
  'console-new-user': { empty: newUser },
  'console-user': {
    everything: user,
    nothing: {
      ...user,
      isDisabled: true,
      hasPassword: false,
      identities: [],
      sessions: [],
      consents: [],
      roles: { ...sampleHeldRoles('/console/users/usr_01k9x4w3v2'), held: [] },
    },
    auditor: {
      ...user,
      roles: { ...sampleHeldRoles('/console/users/usr_01k9x4w3v2'), choices: [], mayWrite: false },
      mayWrite: false,
      mayEndSessions: false,
      mayWithdraw: false,
    },
  },
};
