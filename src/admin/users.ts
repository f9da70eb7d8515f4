import { createAccount } from '../accounts/create-account.ts';
import { enableAccount } from '../accounts/enable-account.ts';
import { findAccount, listAccounts, lockAccount } from '../accounts/store.ts';
import { updateAccount } from '../accounts/update-account.ts';
import { revokedDocument, revokedMembers } from '../documents/revoked.ts';
import {
  accountToJson,
  invitationDocument,
  invitationToJson,
  newInvitationDocument,
  newUserDocument,
  toAccountChanges,
  toNewAccount,
  userChangesDocument,
  userDocument,
} from '../documents/user.ts';
import { invite } from '../interactions/invite.ts';
import { deleteAccount } from '../revocation/delete-account.ts';
import { disableAccount } from '../revocation/disable-account.ts';
import { cursorOfMade, cut } from '../documents/page.ts';
import { operation, pageOf, pathId, searchQuery } from './define.ts';
import { getAccount, getReachableAccount } from './get-account.ts';
import { keepAnOwner } from './keep-an-owner.ts';
import type { Operation, Resource } from './operation.ts';

const READ = 'admin:users:read';
const WRITE = 'admin:users:write';
const params = pathId('user_id');

const resource: Resource = {
  lock: (tx, id) => lockAccount(tx, id),
  async read({ db }, id) {
    const account = await findAccount(db.knex, id);
    return account && accountToJson(account);
  },
};

export const listUsersOperation = operation({
  id: 'users.list',
  command: 'users list',
  method: 'GET',
  path: '/users',
  scope: READ,
  summary: 'People, the oldest account first; `search` looks for a part of a username or e-mail address',
  query: searchQuery,
  answer: pageOf('users', userDocument),
  async run({ db }, { query: { limit, ...query } }) {
    const found = await listAccounts(db.knex, { ...query, limit: limit + 1 });
    const { items, next } = cut(found, limit, cursorOfMade);
    return { users: items.map(accountToJson), next };
  },
});

export const createUserOperation = operation({
  id: 'users.create',
  command: 'users create',
  method: 'POST',
  path: '/users',
  scope: WRITE,
  summary: 'Make an account; its person chooses a password by users.send-password-reset',
  body: newUserDocument,
  status: 201,
  answer: userDocument,
  run: async (context, { body, operator: { actor } }) =>
    accountToJson(await createAccount(context, { ...toNewAccount(body), actor })),
});

export const inviteUserOperation = operation({
  id: 'users.invite',
  command: 'users invite',
  method: 'POST',
  path: '/invitations',
  scope: WRITE,
  summary: 'Send somebody a link with which they make themselves an account',
  body: newInvitationDocument,
  status: 201,
  answer: invitationDocument,
  run: async (context, { body, operator: { actor } }) =>
    invitationToJson(await invite(context, { ...body, actor })),
});

export const showUserOperation = operation({
  id: 'users.show',
  command: 'users show',
  method: 'GET',
  path: '/users/{user_id}',
  scope: READ,
  summary: 'One person',
  params,
  answer: userDocument,
  resource,
  run: async (context, { params: { user_id: id } }) => accountToJson(await getAccount(context, id)),
});

export const updateUserOperation = operation({
  id: 'users.update',
  command: 'users update',
  method: 'PATCH',
  path: '/users/{user_id}',
  scope: WRITE,
  summary: 'Change names and profile (RFC 7396)',
  params,
  body: userChangesDocument,
  answer: userDocument,
  resource,
  async run(context, { params: { user_id: id }, body, operator }) {
    await getReachableAccount(context, operator, id);
    return accountToJson(await updateAccount(context, id, toAccountChanges(body), operator.actor));
  },
});

export const disableUserOperation = operation({
  id: 'users.disable',
  command: 'users disable',
  method: 'POST',
  path: '/users/{user_id}/disable',
  scope: WRITE,
  summary: 'Sign a person out everywhere, end their tokens, and let them sign in no more',
  params,
  answer: revokedDocument,
  async run(context, { params: { user_id: id }, operator }) {
    return keepAnOwner(context, async () => {
      await getReachableAccount(context, operator, id);
      return revokedMembers(await disableAccount(context, id, operator.actor));
    });
  },
});

export const enableUserOperation = operation({
  id: 'users.enable',
  command: 'users enable',
  method: 'POST',
  path: '/users/{user_id}/enable',
  scope: WRITE,
  summary: 'Let a person sign in again',
  params,
  answer: userDocument,
  async run(context, { params: { user_id: id }, operator }) {
    await getReachableAccount(context, operator, id);
    return accountToJson(await enableAccount(context, id, operator.actor));
  },
});

export const deleteUserOperation = operation({
  id: 'users.delete',
  command: 'users delete',
  method: 'DELETE',
  path: '/users/{user_id}',
  scope: WRITE,
  summary: 'Sign a person out everywhere, end their tokens, and forget them',
  params,
  answer: revokedDocument,
  resource,
  async run(context, { params: { user_id: id }, operator }) {
    return keepAnOwner(context, async () => {
      await getReachableAccount(context, operator, id);
      return revokedMembers(await deleteAccount(context, id, operator.actor));
    });
  },
});

export const userOperations: readonly Operation[] = [
  listUsersOperation,
  createUserOperation,
  inviteUserOperation,
  showUserOperation,
  updateUserOperation,
  deleteUserOperation,
  disableUserOperation,
  enableUserOperation,
];
