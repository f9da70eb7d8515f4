import type { ConsolePages, Plot } from '../../views/locals/console.ts';
import { overviewOperation, type OverviewDocument } from '../admin/overview.ts';
import { COUNT_MAX } from '../admin/overview-store.ts';
import { perform } from '../admin/perform.ts';
import type { Screen, Visit } from './context.ts';
import { can } from './operator.ts';
import { show } from './show.ts';
import { count } from '../words.ts';

type Locals = ConsolePages['console-overview'];

const DAY_MS = 86_400_000;

/** NIST SP 800-57 part 1 §5.3.6 allows years; a key that signs for this long was forgotten by the rotation. */
const OLD_DAYS = 120;

export const overview: Screen = {
  path: '',
  scope: 'admin:audit:read',
  entry: { group: 'Overview', label: 'Overview' },
  async get(context, visit) {
    const { document } = await perform(context, overviewOperation, {}, visit.operator);
    const now = new Date(document.at);
    show(context, visit, 'console-overview', {
      totals: totalsOf(document, visit.operator),
      plots: plotsOf(document),
      keys: document.keys.map(({ kid, alg, state, created_at: created, activated_at: activated }) => {
        const days = Math.floor((now.getTime() - new Date(activated ?? created).getTime()) / DAY_MS);
        return { kid, alg, state, days, isOld: state === 'active' && days > OLD_DAYS };
      }),
      checks: checksOf(document),
    });
  },
};

function totalsOf({ totals }: OverviewDocument, operator: Visit['operator']): Locals['totals'] {
  return [
    { label: 'Users', figure: figure(totals.users), path: pathFor(operator, 'users') },
    { label: 'Clients', figure: figure(totals.clients), path: pathFor(operator, 'clients') },
    { label: 'APIs', figure: figure(totals.apis), path: pathFor(operator, 'apis') },
    { label: 'Sessions alive', figure: figure(totals.sessions), path: undefined },
    { label: 'Access tokens alive', figure: figure(totals.tokens), path: undefined },
  ];
}

function pathFor(operator: Visit['operator'], noun: 'users' | 'clients' | 'apis'): string | undefined {
  return can(operator, `admin:${noun}:read`) ? `/console/${noun}` : undefined;
}

function plotsOf(document: OverviewDocument): Plot[] {
  const tokens = document.tokens_per_minute;
  const signIns = document.sign_ins_per_hour;
  const revocations = document.revocations_per_minute;
  const issued = sum(tokens.map((one) => one.issued));
  const failed = sum(signIns.map((one) => one.failed));
  const ended = sum(revocations.map((one) => one.tokens));
  return [
    {
      title: 'Tokens per minute',
      summary: `${count(issued, 'access token')} in the last hour`,
      unit: 'Minute (UTC)',
      series: [{ label: 'Issued', tone: 'main' }],
      points: tokens.map(({ at, issued: value }) => ({ label: clockOf(at), values: [value] })),
    },
    {
      title: 'Sign-ins per hour',
      summary: `${count(sum(signIns.map((one) => one.signed_in)), 'sign-in')} and ${count(failed, 'failure')} in the last day`,
      unit: 'Hour (UTC)',
      series: [
        { label: 'Signed in', tone: 'main' },
        { label: 'Failed', tone: 'bad' },
      ],
      points: signIns.map((one) => ({ label: clockOf(one.at), values: [one.signed_in, one.failed] })),
    },
    {
      title: 'Revocations per minute',
      summary: `${count(sum(revocations.map((one) => one.revocations)), 'revocation')} with ${count(ended, 'access token')} in the last hour`,
      unit: 'Minute (UTC)',
      series: [{ label: 'Revocations', tone: 'main' }],
      points: revocations.map((one) => ({ label: clockOf(one.at), values: [one.revocations] })),
    },
  ];
}

function checksOf({ keys, overdue }: OverviewDocument): Locals['checks'] {
  const active = keys.filter(({ state }) => state === 'active').map(({ alg }) => alg);
  return [
    { label: 'Database', isFine: true, detail: 'answers' },
    {
      label: 'Signing keys',
      isFine: active.length > 0,
      detail: active.length > 0 ? `${active.join(', ')} sign` : 'none is active',
    },
    {
      label: 'Mail',
      isFine: overdue.mails === 0,
      detail: overdue.mails === 0 ? 'nothing is overdue' : `${count(overdue.mails, 'letter')} overdue`,
    },
    {
      label: 'Back-channel logout',
      isFine: overdue.logouts === 0,
      detail: overdue.logouts === 0 ? 'nothing is overdue' : `${count(overdue.logouts, 'message')} overdue`,
    },
  ];
}

function figure(number: number): string {
  const text = new Intl.NumberFormat('en').format(number);
  return number >= COUNT_MAX ? `${text}+` : text;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** `14:05`, in UTC as everything that is compared with logs. */
function clockOf(instant: string): string {
  return instant.slice(11, 16);
}
