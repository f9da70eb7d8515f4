import type { ConsolePages } from '../locals/console.ts';
import { consoleAccessSamples } from './console-access.ts';
import { consoleApplicationSamples } from './console-applications.ts';
import { sampleConsole } from './console-frame.ts';
import { consolePeopleSamples } from './console-people.ts';
import { consoleSecuritySamples } from './console-security.ts';
import { consoleTokenSamples } from './console-tokens.ts';
import { consoleUpkeepSamples } from './console-upkeep.ts';
import type { SamplesOf } from './samples.ts';

const minutes = Array.from({ length: 30 }, (_, index) => `09:${String(index).padStart(2, '0')}`);
const hours = Array.from({ length: 24 }, (_, index) => `${String(index).padStart(2, '0')}:00`);

const overview: ConsolePages['console-overview'] = {
  frame: sampleConsole('Overview'),
  totals: [
    { label: 'Users', figure: '100,000+', path: '/console/users' },
    { label: 'Clients', figure: '214', path: '/console/clients' },
    { label: 'APIs', figure: '12', path: '/console/apis' },
    { label: 'Sessions alive', figure: '8,410', path: undefined },
    { label: 'Access tokens alive', figure: '31,977', path: undefined },
  ],
  plots: [
    {
      title: 'Tokens per minute',
      summary: '12,204 access tokens in the last hour',
      unit: 'Minute (UTC)',
      series: [{ label: 'Issued', tone: 'main' }],
      points: minutes.map((label, index) => ({
        label,
        values: [Math.round(200 + 90 * Math.sin(index / 7) + ((index * 37) % 41))],
      })),
    },
    {
      title: 'Sign-ins per hour',
      summary: '3,120 sign-ins and 214 failures in the last day',
      unit: 'Hour (UTC)',
      series: [
        { label: 'Signed in', tone: 'main' },
        { label: 'Failed', tone: 'bad' },
      ],
      points: hours.map((label, index) => ({
        label,
        values: [Math.round(130 + 110 * Math.sin((index - 6) / 3.8)), (index * 13) % 19],
      })),
    },
    {
      title: 'Revocations per minute',
      summary: '3 revocations with 41 access tokens in the last hour',
      unit: 'Minute (UTC)',
      series: [{ label: 'Revocations', tone: 'main' }],
      points: minutes.map((label, index) => ({ label, values: [index % 25 === 7 ? 1 : 0] })),
    },
  ],
  keys: [
    {
      kid: 'mN1Ss0MUUn3Tl8dGJ7vKp8lXbYbJmRm0cT8dYyKpQzA',
      alg: 'ES256',
      state: 'active',
      days: 12,
      isOld: false,
    },
    {
      kid: 'b3Vq8ZkR2r6cHq0iJtC1oXx7YwDgPpLeUuSsTtRrQqO',
      alg: 'RS256',
      state: 'active',
      days: 181,
      isOld: true,
    },
  ],
  checks: [
    { label: 'Database', isFine: true, detail: 'answers' },
    { label: 'Signing keys', isFine: true, detail: 'ES256, RS256 sign' },
    { label: 'Mail', isFine: false, detail: '4 letters overdue' },
    { label: 'Back-channel logout', isFine: true, detail: 'nothing is overdue' },
  ],
};

const setup: ConsolePages['console-setup'] = {
  csrf: 'csrf-token',
  token: 'the-token',
  name: '',
  email: '',
  lengthMin: 15,
  problem: undefined,
};

export const consoleSamples: SamplesOf<ConsolePages> = {
  ...consoleApplicationSamples,
  ...consolePeopleSamples,
  ...consoleTokenSamples,
  ...consoleSecuritySamples,
  ...consoleAccessSamples,
  ...consoleUpkeepSamples,
  'console-overview': { busy: overview },
  'console-denied': { person: { identifier: 'ines.moreau@example.org' } },
  'console-stopped': { declined: { path: '/console/clients' } },
  'console-setup': {
    empty: setup,
    weak: { ...setup, problem: 'too-short' },
    taken: { ...setup, problem: 'taken' },
  },
  'console-setup-dead': { dead: undefined },
};
