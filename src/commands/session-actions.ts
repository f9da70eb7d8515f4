import { z } from 'zod';

import { revoke } from '../revocation/revoke.ts';
import { deviceInWords } from '../sessions/device.ts';
import { getSession, listSessions } from '../sessions/list-sessions.ts';
import { cursorOfMade, cut } from '../documents/page.ts';
import { ACTOR } from './actor.ts';
import { fields, moment, paragraphs, table } from './outcome.ts';
import { pageOptions, parseArgument, parseOptions } from './parse.ts';
import { revokedMembers } from '../documents/revoked.ts';
import { sessionToJson } from '../documents/session.ts';
import { endedInWords } from './revoked.ts';
import type { Action } from './run.ts';
import { getUserByName } from './user-actions.ts';

const listOptions = pageOptions
  .omit({ search: true })
  .extend({ user: z.string().optional(), client: z.string().optional() });

export const list: Action = async ({ db, clock, config }, { options }) => {
  const { limit, after, user, client } = parseOptions(listOptions, options);
  const accountId = user === undefined ? undefined : (await getUserByName(db.knex, user)).id;
  const { idleSeconds } = config.sessions;
  const found = await listSessions(db.knex, {
    now: clock.now(),
    idleSeconds,
    accountId,
    clientId: client,
    after,
    limit: limit + 1,
  });
  const { items, next } = cut(found, limit, cursorOfMade);
  const rows = items.map((session) => [
    session.id,
    session.accountId,
    moment(session.createdAt),
    moment(session.lastUsedAt),
    moment(session.expiresAt),
    deviceInWords(session.userAgent),
    session.address ?? '',
    session.clientIds.join(' '),
  ]);
  return {
    json: { sessions: items.map(sessionToJson), next },
    text: paragraphs(
      items.length === 0
        ? 'Nobody is signed in.'
        : table(['SESSION', 'ACCOUNT', 'SINCE', 'LAST USED', 'UNTIL', 'DEVICE', 'ADDRESS', 'CLIENTS'], rows),
      next !== null && `There are more: --after ${next}`,
    ),
  };
};

export const show: Action = async ({ db, clock, config }, { args }) => {
  const { idleSeconds } = config.sessions;
  const id = parseArgument(args, 0, 'session');
  const session = await getSession(db.knex, { now: clock.now(), idleSeconds, id });
  return {
    json: sessionToJson(session),
    text: fields([
      ['id', session.id],
      ['account', session.accountId],
      ['since', moment(session.createdAt)],
      ['last used', moment(session.lastUsedAt)],
      ['until', moment(session.expiresAt)],
      ['device', deviceInWords(session.userAgent)],
      ['address', session.address],
      ['clients', session.clientIds.join(' ')],
    ]),
  };
};

export const end: Action = async (context, { args }) => {
  const session = parseArgument(args, 0, 'session');
  const revoked = await revoke(context, { session }, ACTOR);
  return {
    json: { id: session, ...revokedMembers(revoked) },
    text: `The session has ended, and with it ${endedInWords(revoked)}`,
  };
};
