import { AppError } from '../errors.ts';
import { endSessions } from '../revocation/end-sessions.ts';
import { listAccess } from '../revocation/list-access.ts';
import { withdrawConsent } from '../revocation/withdraw-consent.ts';
import { ACTOR } from './actor.ts';
import { count } from '../words.ts';
import { moment, table } from './outcome.ts';
import { parseArgument } from './parse.ts';
import { consentToJson } from '../documents/grant.ts';
import { revokedMembers } from '../documents/revoked.ts';
import { endedInWords } from './revoked.ts';
import type { Action } from './run.ts';
import { partyInWords } from '../inspection/cause.ts';
import { findClientParty } from '../inspection/surroundings.ts';
import { getUserByName } from './user-actions.ts';

export const consents: Action = async (context, { args }) => {
  const { id } = await getUserByName(context.db.knex, parseArgument(args, 0, 'user'));
  const all = await listAccess(context.db.knex, { accountId: id, now: context.clock.now() });
  const parties = await Promise.all(all.map(({ clientId }) => findClientParty(context, clientId)));
  const names = new Map(parties.map(({ id: clientId, name }) => [clientId, name]));
  const rows = all.map((access, index) => {
    const party = parties[index];
    const scopes = [...access.scopes, ...Object.values(access.resources).flat()];
    return [
      party ? partyInWords(party) : access.clientId,
      moment(access.since),
      moment(access.lastUsedAt),
      scopes.join(' '),
    ];
  });
  return {
    json: { consents: all.map((access) => consentToJson(access, names)) },
    text:
      all.length === 0
        ? 'No client holds anything of this person.'
        : table(['CLIENT', 'SINCE', 'LAST USED', 'SCOPES'], rows),
  };
};

export const withdraw: Action = async (context, { args }) => {
  const { id } = await getUserByName(context.db.knex, parseArgument(args, 0, 'user'));
  const clientId = parseArgument(args, 1, 'client');
  const revoked = await withdrawConsent(context, { accountId: id, clientId }, { actor: ACTOR });
  if (!revoked) {
    throw new AppError('no_consent', 'This client holds nothing of this person.', { status: 404 });
  }
  return {
    json: { id, client_id: clientId, ...revokedMembers(revoked) },
    text: `The client has no access any more, ${endedInWords(revoked)}`,
  };
};

export const signOut: Action = async (context, { args }) => {
  const { id } = await getUserByName(context.db.knex, parseArgument(args, 0, 'user'));
  const { sessions, tokens } = await endSessions(context, { accountId: id }, { actor: ACTOR });
  return {
    json: { id, sessions_ended: sessions, tokens_revoked: tokens },
    text: `${count(sessions, 'session')} and ${count(tokens, 'token')} ended. What apps may do while the person is away goes on: see users consents.`,
  };
};
