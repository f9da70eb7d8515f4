import { z } from 'zod';

import { identifier } from '../documents/document.ts';
import { identityDocument, identityToJson } from '../documents/identity.ts';
import { revokedDocument, revokedMembers } from '../documents/revoked.ts';
import { AppError } from '../errors.ts';
import { sendReset } from '../interactions/send-reset.ts';
import { disconnectIdentity } from '../revocation/disconnect-identity.ts';
import { requirePasswordChange } from '../revocation/require-password-change.ts';
import { resetFactors } from '../revocation/reset-factors.ts';
import { listIdentities } from '../upstream/identity-store.ts';
import { listProviders } from '../upstream/store.ts';
import { operation, pathId } from './define.ts';
import { getAccount, getReachableAccount } from './get-account.ts';
import type { Operation } from './operation.ts';

const READ = 'admin:users:read';
const WRITE = 'admin:users:write';
const params = pathId('user_id');

export const resetFactorsOperation = operation({
  id: 'users.reset-factors',
  command: 'users reset-factors',
  method: 'POST',
  path: '/users/{user_id}/reset-factors',
  scope: WRITE,
  summary: 'Take passkeys, one-time codes and recovery codes away, and sign the person out everywhere',
  params,
  answer: revokedDocument.extend({ had_factors: z.boolean() }),
  async run(context, { params: { user_id: id }, operator }) {
    await getReachableAccount(context, operator, id);
    const { hadFactors, revoked } = await resetFactors(context, id, operator.actor);
    return { had_factors: hadFactors, ...revokedMembers(revoked) };
  },
});

export const sendPasswordResetOperation = operation({
  id: 'users.send-password-reset',
  command: 'users send-reset',
  method: 'POST',
  path: '/users/{user_id}/send-password-reset',
  scope: WRITE,
  summary: 'Mail a person a link with which they choose a password; until then nothing changes',
  params,
  answer: z.strictObject({ recipient: z.string() }),
  async run(context, { params: { user_id: id }, operator }) {
    const account = await getReachableAccount(context, operator, id);
    return { ...(await sendReset(context, account, operator.actor)) };
  },
});

export const requirePasswordChangeOperation = operation({
  id: 'users.require-password-change',
  command: 'users require-password-change',
  method: 'POST',
  path: '/users/{user_id}/require-password-change',
  scope: WRITE,
  summary: 'Sign a person out everywhere, and let them in only to choose another password',
  params,
  answer: revokedDocument,
  async run(context, { params: { user_id: id }, operator }) {
    await getReachableAccount(context, operator, id);
    return revokedMembers(await requirePasswordChange(context, id, operator.actor));
  },
});

export const listIdentitiesOperation = operation({
  id: 'users.identities',
  command: 'users identities',
  method: 'GET',
  path: '/users/{user_id}/identities',
  scope: READ,
  summary: 'As whom a person is known to identity providers',
  params,
  answer: z.strictObject({ identities: z.array(identityDocument) }),
  async run(context, { params: { user_id: id } }) {
    await getAccount(context, id);
    const slugs = new Map((await listProviders(context.db.knex)).map((each) => [each.id, each.slug]));
    const identities = await listIdentities(context.db.knex, id);
    return { identities: identities.map((identity) => identityToJson(identity, slugs)) };
  },
});

export const disconnectIdentityOperation = operation({
  id: 'users.disconnect',
  command: 'users disconnect',
  method: 'DELETE',
  path: '/users/{user_id}/identities/{identity_id}',
  scope: WRITE,
  summary: 'Take such an identity away, and end the sessions and tokens that came of it',
  params: params.extend({ identity_id: identifier }),
  answer: revokedDocument,
  async run(context, { params: { user_id: id, identity_id: identityId }, operator }) {
    const account = await getReachableAccount(context, operator, id);
    const { actor } = operator;
    const ended = await disconnectIdentity(context, { account, identityId, actor, mayBeLast: true });
    if (ended.ok) return revokedMembers(ended.revoked);
    throw new AppError('identity_not_found', 'This person has no such identity.', { status: 404 });
  },
});

export const userCredentialOperations: readonly Operation[] = [
  resetFactorsOperation,
  sendPasswordResetOperation,
  requirePasswordChangeOperation,
  listIdentitiesOperation,
  disconnectIdentityOperation,
];
