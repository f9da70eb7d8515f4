import type { AccountPages as Views } from '../../views/locals/account.ts';
import { english } from '../../views/texts/english.ts';
import { listAccountEvents, type AccountEvent } from '../audit/store.ts';
import type { AccountContext, AccountPage } from './context.ts';
import { clientNames } from './client-names.ts';
import { showAccountPage } from './show-account-page.ts';

type Event = Views['account-activity']['events'][number];

/** What there are words for. The rest is for operators. */
const TYPES = Object.keys(english.account.activity.events);

const EVENTS_PER_PAGE = 50;

/** As many digits as a row's number has at most (PostgreSQL bigint). */
const EVENT_ID = /^\d{1,18}$/;

/** Actors that are people who look after the service. */
const OPERATOR = /^(?:cli|admin)\b/;

export const activity: AccountPage = {
  async get(context, visit) {
    const { before } = visit.ctx.query;
    const after = typeof before === 'string' && EVENT_ID.test(before) ? before : undefined;
    const events = await listAccountEvents(context.db.pool, {
      accountId: visit.account.id,
      before: after,
      types: TYPES,
      limit: EVENTS_PER_PAGE + 1,
    });
    const page = events.slice(0, EVENTS_PER_PAGE);
    showAccountPage(context, visit, 'account-activity', 'activity', {
      events: await Promise.all(page.map((event) => present(context, event))),
      older: events.length > page.length ? page.at(-1)?.id : undefined,
      isLater: after !== undefined,
    });
  },
};

async function present(context: AccountContext, event: AccountEvent): Promise<Event> {
  const [client] = event.clientId === null ? [] : await clientNames(context, [event.clientId]);
  const { device, newDevice } = event.detail;
  return {
    kind: event.type,
    at: event.occurredAt,
    byOperator: OPERATOR.test(event.actor),
    inNewBrowser: newDevice === true,
    client,
    address: event.address ?? undefined,
    device: typeof device === 'string' && device !== '' ? device : undefined,
  };
}
