import type { AccountPages as Views } from '../../views/locals/account.ts';
import { forgetDevices } from '../authenticators/remembered-device-store.ts';
import { httpError } from '../http/errors.ts';
import { seeOther } from '../interactions/see-other.ts';
import { endSession, endSessions } from '../revocation/end-sessions.ts';
import { deviceOf } from '../sessions/device.ts';
import { listSessions, type SessionSummary } from '../sessions/list-sessions.ts';
import { clientNames } from './client-names.ts';
import type { AccountContext, AccountPage, AccountVisit } from './context.ts';
import { handOf } from './hand.ts';
import { leaveNotice } from './notice.ts';
import { endAndLeave } from './sign-out.ts';
import { showAccountPage } from './show-account-page.ts';

type Shown = Views['account-sessions']['sessions'][number];

/** More than a person reads; "end all others" ends those beyond as well. */
const SESSIONS_MAX = 100;

const PATH = '/account/sessions';

/** ASVS 5.0 V7.5.2: where somebody is signed in, and the end of it. Ending protects, so nobody signs in again for it. */
export const sessions: AccountPage = {
  async get(context, visit) {
    const found = await listSessions(context.db.knex, {
      now: context.clock.now(),
      idleSeconds: context.config.sessions.idleSeconds,
      limit: SESSIONS_MAX,
      accountId: visit.account.id,
    });
    const shown = await Promise.all(found.map((session) => present(context, visit, session)));
    // The browser in front of them first.
    const sorted = shown.toSorted((a, b) => Number(b.isCurrent) - Number(a.isCurrent));
    showAccountPage(context, visit, 'account-sessions', 'sessions', { sessions: sorted });
  },
  actions: {
    end: { run: endOne, hasItem: true },
    'end-others': { run: endOthers },
    'end-all': { run: endAll },
  },
};

async function endOne(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { ctx, account, session, item = '' } = visit;
  if (item === session.uid) return endAndLeave(context, visit);
  const revoked = await endSession(context, { accountId: account.id, session: item }, handOf(visit));
  if (!revoked) throw httpError('not_found', 'There is no such session.');
  leaveNotice(ctx, { kind: 'sessionsEnded', sessions: 1, tokens: revoked.tokens });
  return seeOther(ctx, PATH);
}

async function endOthers(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { ctx, account, session } = visit;
  const ended = await endSessions(context, { accountId: account.id, except: session.uid }, handOf(visit));
  leaveNotice(ctx, ended.sessions === 0 ? { kind: 'nothingEnded' } : { kind: 'sessionsEnded', ...ended });
  return seeOther(ctx, PATH);
}

async function endAll(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { account, session } = visit;
  // The others first: should it break off, the person is still here to try again.
  await endSessions(context, { accountId: account.id, except: session.uid }, handOf(visit));
  await forgetDevices(context.db.knex, account.id);
  return endAndLeave(context, visit);
}

async function present(
  context: AccountContext,
  { session }: AccountVisit,
  summary: SessionSummary,
): Promise<Shown> {
  const { browser, system } = deviceOf(summary.userAgent);
  return {
    id: summary.id,
    isCurrent: summary.id === session.uid,
    browser: browser ?? undefined,
    system: system ?? undefined,
    address: summary.address ?? undefined,
    since: summary.createdAt,
    lastUsedAt: summary.lastUsedAt,
    apps: await clientNames(context, summary.clientIds),
  };
}
