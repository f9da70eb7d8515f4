import { AppError } from '../errors.ts';
import { disconnectIdentity } from '../revocation/disconnect-identity.ts';
import { listIdentities } from '../upstream/identity-store.ts';
import { listProviders } from '../upstream/store.ts';
import { ACTOR } from './actor.ts';
import { moment, table } from './outcome.ts';
import { parseArgument } from './parse.ts';
import { identityToJson } from '../documents/identity.ts';
import { revokedMembers } from '../documents/revoked.ts';
import { endedInWords } from './revoked.ts';
import type { Action } from './run.ts';
import { untrusted } from '../inspection/untrusted.ts';
import { getUserByName } from './user-actions.ts';

/** As whom a person is known elsewhere. Subjects and labels are the providers' words. */
export const identities: Action = async ({ db }, { args }) => {
  const { id } = await getUserByName(db.knex, parseArgument(args, 0, 'user'));
  const all = await listIdentities(db.knex, id);
  const slugs = new Map((await listProviders(db.knex)).map((provider) => [provider.id, provider.slug]));
  const slugOf = (providerId: string) => slugs.get(providerId) ?? providerId;
  const rows = all.map((identity) => [
    identity.id,
    slugOf(identity.providerId),
    untrusted(identity.subject),
    identity.label === null ? '' : untrusted(identity.label),
    moment(identity.linkedAt),
    moment(identity.lastUsedAt),
  ]);
  return {
    json: { identities: all.map((identity) => identityToJson(identity, slugs)) },
    text:
      all.length === 0
        ? 'This person is connected to no identity provider.'
        : table(['ID', 'PROVIDER', 'SUBJECT', 'LABEL', 'CONNECTED', 'LAST USED'], rows),
  };
};

export const disconnect: Action = async (context, { args }) => {
  const account = await getUserByName(context.db.knex, parseArgument(args, 0, 'user'));
  const identityId = parseArgument(args, 1, 'identity');
  const ended = await disconnectIdentity(context, { account, identityId, actor: ACTOR, mayBeLast: true });
  if (!ended.ok)
    throw new AppError('identity_not_found', 'This person has no such identity.', { status: 404 });
  return {
    json: { id: account.id, identity: identityId, ...revokedMembers(ended.revoked) },
    text: `The identity is disconnected, sessions and ${endedInWords(ended.revoked)}`,
  };
};
