import { z } from 'zod';

import { revoke } from '../revocation/revoke.ts';
import { deviceInWords } from '../sessions/device.ts';
import { listSessions } from '../sessions/list-sessions.ts';
import { ACTOR } from './actor.ts';
import { moment, table } from './outcome.ts';
import { pageOptions, parseArgument, parseOptions } from './parse.ts';
import { revokedMembers } from '../documents/revoked.ts';
import { sessionToJson } from '../documents/session.ts';
import { endedInWords } from './revoked.ts';
import type { Action } from './run.ts';
import { getUserByName } from './user-actions.ts';

const listOptions = z.object({ limit: pageOptions.shape.limit, user: z.string().optional() });

export const list: Action = async ({ db, clock, config }, { options }) => {
  const { limit, user } = parseOptions(listOptions, options);
  const accountId = user === undefined ? undefined : (await getUserByName(db.knex, user)).id;
  const { idleSeconds } = config.sessions;
  const sessions = await listSessions(db.knex, { now: clock.now(), idleSeconds, limit, accountId });
  const rows = sessions.map((session) => [
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
    json: { sessions: sessions.map(sessionToJson) },
    text:
      sessions.length === 0
        ? 'Nobody is signed in.'
        : table(['SESSION', 'ACCOUNT', 'SINCE', 'LAST USED', 'UNTIL', 'DEVICE', 'ADDRESS', 'CLIENTS'], rows),
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
