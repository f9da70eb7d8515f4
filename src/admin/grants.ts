import { z } from 'zod';

import { findClient } from '../clients/store.ts';
import { identifier } from '../documents/document.ts';
import { consentDocument, consentToJson, grantDocument, grantToJson } from '../documents/grant.ts';
import { revokedDocument, revokedMembers } from '../documents/revoked.ts';
import { AppError } from '../errors.ts';
import { getGrantSummary, listGrants } from '../grants/list-grants.ts';
import { listAccess } from '../revocation/list-access.ts';
import { revoke } from '../revocation/revoke.ts';
import { withdrawConsent } from '../revocation/withdraw-consent.ts';
import type { AdminContext } from './context.ts';
import { cursorOfMade, cut } from '../documents/page.ts';
import { operation, pageOf, pageQuery, pathId } from './define.ts';
import { getAccount } from './get-account.ts';
import type { Operation } from './operation.ts';

const READ = 'admin:grants:read';
const WRITE = 'admin:grants:write';
const params = pathId('grant_id');

export const listGrantsOperation = operation({
  id: 'grants.list',
  command: 'grants list',
  method: 'GET',
  path: '/grants',
  scope: READ,
  summary: 'What people allowed clients, the youngest first',
  query: pageQuery.extend({ account_id: identifier.optional(), client_id: identifier.optional() }),
  answer: pageOf('grants', grantDocument),
  async run({ db, clock }, { query }) {
    const found = await listGrants(db.knex, {
      accountId: query.account_id,
      clientId: query.client_id,
      after: query.after,
      now: clock.now(),
      limit: query.limit + 1,
    });
    const { items, next } = cut(found, query.limit, cursorOfMade);
    return { grants: items.map(grantToJson), next };
  },
});

export const showGrantOperation = operation({
  id: 'grants.show',
  command: 'grants show',
  method: 'GET',
  path: '/grants/{grant_id}',
  scope: READ,
  summary: 'One grant',
  params,
  answer: grantDocument,
  run: async ({ db, clock }, { params: { grant_id: id } }) =>
    grantToJson(await getGrantSummary(db.knex, id, clock.now())),
});

export const endGrantOperation = operation({
  id: 'grants.end',
  command: 'grants revoke',
  method: 'DELETE',
  path: '/grants/{grant_id}',
  scope: WRITE,
  summary: 'End a grant, with its refresh tokens and access tokens',
  params,
  answer: revokedDocument,
  async run(context, { params: { grant_id: grant }, operator: { actor } }) {
    await getGrantSummary(context.db.knex, grant, context.clock.now());
    return revokedMembers(await revoke(context, { grant }, actor));
  },
});

export const listConsentsOperation = operation({
  id: 'users.consents',
  command: 'users consents',
  method: 'GET',
  path: '/users/{user_id}/consents',
  scope: READ,
  summary: 'The clients that hold something of a person, or may have it without asking again',
  params: pathId('user_id'),
  answer: z.strictObject({ consents: z.array(consentDocument) }),
  async run(context, { params: { user_id: accountId } }) {
    const { db, clock } = context;
    await getAccount(context, accountId);
    const all = await listAccess(db.knex, { accountId, now: clock.now() });
    const names = new Map<string, string | null>();
    for (const { clientId } of all) names.set(clientId, await nameOf(context, clientId));
    return { consents: all.map((access) => consentToJson(access, names)) };
  },
});

export const withdrawConsentOperation = operation({
  id: 'users.withdraw',
  command: 'users withdraw',
  method: 'DELETE',
  path: '/users/{user_id}/consents/{client_id}',
  scope: WRITE,
  summary: 'Take back what a person allowed a client, and end all it holds of them',
  params: pathId('user_id').extend({ client_id: identifier }),
  answer: revokedDocument,
  async run(context, { params: { user_id: accountId, client_id: clientId }, operator: { actor } }) {
    const revoked = await withdrawConsent(context, { accountId, clientId }, { actor });
    if (revoked) return revokedMembers(revoked);
    throw new AppError('no_consent', 'This client holds nothing of this person.', { status: 404 });
  },
});

export const grantOperations: readonly Operation[] = [
  listGrantsOperation,
  showGrantOperation,
  endGrantOperation,
  listConsentsOperation,
  withdrawConsentOperation,
];

async function nameOf({ db }: AdminContext, clientId: string): Promise<string | null> {
  const name = (await findClient(db.knex, clientId))?.metadata['client_name'];
  return typeof name === 'string' ? name : null;
}
