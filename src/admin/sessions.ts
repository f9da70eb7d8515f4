import { z } from 'zod';

import { identifier } from '../documents/document.ts';
import { revokedDocument, revokedMembers } from '../documents/revoked.ts';
import { sessionDocument, sessionToJson } from '../documents/session.ts';
import { endSessions } from '../revocation/end-sessions.ts';
import { revoke } from '../revocation/revoke.ts';
import { getSession, listSessions, type SessionSummary } from '../sessions/list-sessions.ts';
import type { AdminContext } from './context.ts';
import { cursorOfMade, cut } from '../documents/page.ts';
import { operation, pageOf, pageQuery, pathId } from './define.ts';
import { getAccount } from './get-account.ts';
import type { Operation } from './operation.ts';

const READ = 'admin:sessions:read';
const WRITE = 'admin:sessions:write';
const params = pathId('session_id');

export const listSessionsOperation = operation({
  id: 'sessions.list',
  command: 'sessions list',
  method: 'GET',
  path: '/sessions',
  scope: READ,
  summary: 'Browsers in which somebody is signed in, the youngest first',
  query: pageQuery.extend({
    account_id: identifier.optional(),
    client_id: identifier.optional().describe('With which somebody went to this client'),
  }),
  answer: pageOf('sessions', sessionDocument),
  async run({ db, clock, config }, { query }) {
    const found = await listSessions(db.knex, {
      now: clock.now(),
      idleSeconds: config.sessions.idleSeconds,
      accountId: query.account_id,
      clientId: query.client_id,
      after: query.after,
      limit: query.limit + 1,
    });
    const { items, next } = cut(found, query.limit, cursorOfMade);
    return { sessions: items.map(sessionToJson), next };
  },
});

export const showSessionOperation = operation({
  id: 'sessions.show',
  command: 'sessions show',
  method: 'GET',
  path: '/sessions/{session_id}',
  scope: READ,
  summary: 'One session',
  params,
  answer: sessionDocument,
  run: async (context, { params: { session_id: id } }) => sessionToJson(await findIt(context, id)),
});

export const endSessionOperation = operation({
  id: 'sessions.end',
  command: 'sessions end',
  method: 'DELETE',
  path: '/sessions/{session_id}',
  scope: WRITE,
  summary: 'Sign a browser out: its tokens die, its clients are told',
  params,
  answer: revokedDocument,
  async run(context, { params: { session_id: session }, operator: { actor } }) {
    await findIt(context, session);
    return revokedMembers(await revoke(context, { session }, actor));
  },
});

export const signOutUserOperation = operation({
  id: 'users.sign-out',
  command: 'users sign-out',
  method: 'POST',
  path: '/users/{user_id}/sign-out',
  scope: WRITE,
  summary: 'End every session of a person; what apps may do while they are away goes on',
  params: pathId('user_id'),
  answer: z.strictObject({ sessions_ended: z.int(), tokens_revoked: z.int() }),
  async run(context, { params: { user_id: accountId }, operator: { actor } }) {
    await getAccount(context, accountId);
    const { sessions, tokens } = await endSessions(context, { accountId }, { actor });
    return { sessions_ended: sessions, tokens_revoked: tokens };
  },
});

export const sessionOperations: readonly Operation[] = [
  listSessionsOperation,
  showSessionOperation,
  endSessionOperation,
  signOutUserOperation,
];

function findIt({ db, clock, config }: AdminContext, id: string): Promise<SessionSummary> {
  return getSession(db.knex, { now: clock.now(), idleSeconds: config.sessions.idleSeconds, id });
}
