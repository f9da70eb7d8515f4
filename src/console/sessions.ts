import { perform } from '../admin/perform.ts';
import { endSessionOperation, listSessionsOperation } from '../admin/sessions.ts';
import { deviceOf } from '../sessions/device.ts';
import type { ConsoleContext, Done, Screen, Visit } from './context.ts';
import { command } from './equivalents.ts';
import { pageOf } from './list.ts';
import { namesOf, personOf } from './names.ts';
import { can } from './operator.ts';
import { partyOf } from './party.ts';
import { show } from './show.ts';
import { endedInWords } from './words.ts';

export const sessions: Screen = {
  path: '/sessions',
  scope: 'admin:sessions:read',
  entry: { group: 'People', label: 'Sessions' },
  async get(context, visit) {
    const { given, query, pager } = pageOf(visit, ['account_id', 'client_id']);
    const account = given.account_id;
    const asked = account === undefined ? {} : { account_id: await personOf(context, visit, account) };
    const { document } = await perform(
      context,
      listSessionsOperation,
      { query: { ...query, ...asked } },
      visit.operator,
    );
    const names = await namesOf(context, visit, {
      accounts: document.sessions.map(({ account_id: id }) => id),
      clients: document.sessions.flatMap(({ client_ids: ids }) => ids),
    });
    show(context, visit, 'console-sessions', {
      filters: { account: given.account_id ?? '', client: given.client_id ?? '' },
      pager: pager(document.next),
      sessions: document.sessions.map((session) => {
        const { browser, system } = deviceOf(session.user_agent);
        return {
          id: session.id,
          person: partyOf(`account:${session.account_id}`, names),
          device: [browser, system].filter(Boolean).join(' on ') || 'Unknown browser',
          address: session.address ?? '',
          clients: session.client_ids.map((id) => partyOf(`client:${id}`, names)),
          since: new Date(session.created_at),
          lastUsedAt: new Date(session.last_used_at),
        };
      }),
      mayWrite: can(visit.operator, 'admin:sessions:write'),
    });
  },
  actions: { end: { run: end } },
};

async function end(context: ConsoleContext, { fields, operator }: Visit): Promise<Done> {
  const id = fields['session'] ?? '';
  const { document } = await perform(context, endSessionOperation, { params: { session_id: id } }, operator);
  const message = `The session is over, ${endedInWords(document)}`;
  return { to: '/sessions', notice: { message, command: command(`sessions end ${id}`) } };
}
