import type { AccountFrame, AccountPageName, AccountPages } from '../locals/account.ts';
import type { SamplesOf } from './samples.ts';

const PAGES = [
  'overview',
  'profile',
  'email',
  'password',
  'security',
  'identities',
  'apps',
  'sessions',
  'activity',
  'data',
] as const satisfies readonly AccountPageName[];

/** For the samples of whatever stands in the frame of the account pages. */
export function sampleFrame(current: AccountPageName): AccountFrame {
  return {
    current: { kind: current },
    pages: PAGES.map((kind) => ({ kind })),
    csrf: 'csrf-token',
    person: { name: 'Inès Moreau', identifier: 'ines.moreau@example.org', initial: 'I' },
    timeZone: 'Europe/Paris',
    notice: undefined,
  };
}

const overview: AccountPages['account-overview'] = {
  frame: sampleFrame('overview'),
  email: 'ines.moreau@example.org',
  emailVerified: true,
  username: undefined,
};

const profile: AccountPages['account-profile'] = {
  frame: sampleFrame('profile'),
  values: {
    name: 'Inès Moreau',
    given_name: 'Inès',
    family_name: 'Moreau',
    locale: 'fr',
    zoneinfo: 'Europe/Paris',
  },
  problems: [],
  locales: [
    { tag: 'de', name: 'Deutsch' },
    { tag: 'en', name: 'English' },
    { tag: 'fr', name: 'Français' },
  ],
  zones: ['America/Sao_Paulo', 'Europe/Paris', 'Europe/Vienna'],
};

const since = new Date('2031-03-02T18:04:00Z');
const lately = new Date('2031-05-06T07:20:00Z');

const apps: AccountPages['account-apps'] = {
  frame: sampleFrame('apps'),
  apps: [
    {
      clientId: 'cli_1',
      name: 'Atelier Notes',
      firstParty: false,
      unverified: false,
      since,
      lastUsedAt: lately,
      scopes: ['profile', 'email'],
      apis: [
        {
          name: 'Invoices',
          scopes: [
            { name: 'invoices:read', description: 'Read your invoices' },
            { name: 'invoices:write', description: '' },
          ],
        },
        { name: 'Calendar', scopes: [] },
      ],
      offline: true,
    },
    {
      clientId: 'cli_2',
      name: 'Weekend Budget',
      firstParty: false,
      unverified: true,
      since,
      lastUsedAt: lately,
      scopes: [],
      apis: [],
      offline: false,
    },
    {
      clientId: 'cli_3',
      name: 'Intranet',
      firstParty: true,
      unverified: false,
      since: lately,
      lastUsedAt: lately,
      scopes: ['profile'],
      apis: [],
      offline: false,
    },
  ],
};

const sessions: AccountPages['account-sessions'] = {
  frame: sampleFrame('sessions'),
  sessions: [
    {
      id: 'session-1',
      isCurrent: true,
      browser: 'Firefox',
      system: 'Linux',
      address: '192.0.2.7',
      since: lately,
      lastUsedAt: lately,
      apps: ['Atelier Notes', 'Intranet'],
    },
    {
      id: 'session-2',
      isCurrent: false,
      browser: 'Safari',
      system: 'iPhone',
      address: '2001:db8:85a3:8d3:1319:8a2e:370:7348',
      since,
      lastUsedAt: lately,
      apps: [],
    },
    {
      id: 'session-3',
      isCurrent: false,
      browser: undefined,
      system: undefined,
      address: undefined,
      since,
      lastUsedAt: since,
      apps: ['Weekend Budget'],
    },
  ],
};

const activity: AccountPages['account-activity'] = {
  frame: sampleFrame('activity'),
  events: [
    {
      kind: 'account.signed-in',
      at: lately,
      byOperator: false,
      inNewBrowser: true,
      client: 'Atelier Notes',
      address: '192.0.2.7',
      device: 'Firefox, Linux',
    },
    {
      kind: 'account.sign-in-failed',
      at: lately,
      byOperator: false,
      inNewBrowser: false,
      client: undefined,
      address: '2001:db8:85a3:8d3:1319:8a2e:370:7348',
      device: undefined,
    },
    {
      kind: 'account.password-set',
      at: since,
      byOperator: true,
      inNewBrowser: false,
      client: undefined,
      address: undefined,
      device: undefined,
    },
  ],
  older: '120',
  isLater: false,
};

const data: AccountPages['account-data'] = {
  frame: sampleFrame('data'),
  identifier: 'ines.moreau@example.org',
  problem: undefined,
};

export const accountSamples: SamplesOf<AccountPages> = {
  'account-overview': {
    first: overview,
    unverified: { ...overview, emailVerified: false, username: 'ines' },
  },
  'account-profile': {
    first: profile,
    saved: { ...profile, frame: { ...profile.frame, notice: { kind: 'saved' } } },
    wrong: {
      ...profile,
      values: { ...profile.values, birthdate: 'last spring', website: 'inesmoreau' },
      problems: [{ field: { kind: 'birthdate' } }, { field: { kind: 'website' } }],
    },
  },
  'account-apps': {
    several: apps,
    none: { ...apps, apps: [] },
    withdrawn: {
      ...apps,
      frame: { ...apps.frame, notice: { kind: 'accessWithdrawn', client: 'Atelier Notes', tokens: 3 } },
    },
  },
  'account-sessions': {
    several: sessions,
    alone: {
      ...sessions,
      sessions: sessions.sessions.slice(0, 1),
      frame: { ...sessions.frame, notice: { kind: 'sessionsEnded', sessions: 2, tokens: 1 } },
    },
  },
  'account-activity': {
    first: activity,
    later: { ...activity, older: undefined, isLater: true },
    none: { ...activity, events: [], older: undefined },
  },
  'account-data': { first: data, wrong: { ...data, problem: { kind: 'confirmationWrong' } } },
  'account-stopped': { first: { page: { kind: 'overview' } } },
};
