import { z } from 'zod';

import {
  newRegistrationTokenDocument,
  registrationTokenDocument,
  registrationTokenToJson,
} from '../documents/registration-token.ts';
import { revokedDocument, revokedMembers } from '../documents/revoked.ts';
import {
  newTrustedIssuerDocument,
  toNewTrustedIssuer,
  trustedIssuerDocument,
  trustedIssuerToJson,
} from '../documents/trusted-issuer.ts';
import { createInitialAccessToken } from '../grants/create-initial-access-token.ts';
import { deleteTrustedIssuer } from '../revocation/delete-trusted-issuer.ts';
import { createTrustedIssuer } from '../upstream/create-trusted-issuer.ts';
import { getTrustedIssuer, listTrustedIssuers } from '../upstream/trusted-issuer-store.ts';
import { operation, pathId } from './define.ts';
import type { Operation } from './operation.ts';
import { requireWithinReach } from './reach.ts';

const READ = 'admin:policies:read';
const WRITE = 'admin:policies:write';
const params = pathId('trusted_issuer_id');

export const listTrustedIssuersOperation = operation({
  id: 'trusted-issuers.list',
  command: 'trusted-issuers list',
  method: 'GET',
  path: '/trusted-issuers',
  scope: READ,
  summary: 'Foreign issuers whose tokens may be exchanged for ours (RFC 8693)',
  answer: z.strictObject({ trusted_issuers: z.array(trustedIssuerDocument) }),
  run: async ({ db }) => ({
    trusted_issuers: (await listTrustedIssuers(db.knex)).map(trustedIssuerToJson),
  }),
});

export const createTrustedIssuerOperation = operation({
  id: 'trusted-issuers.create',
  command: 'trusted-issuers create',
  inFiles: 'trusted_issuers[]',
  method: 'POST',
  path: '/trusted-issuers',
  scope: WRITE,
  summary: 'Trust a foreign issuer; no client may exchange its tokens until clients.update lets it',
  body: newTrustedIssuerDocument,
  status: 201,
  answer: trustedIssuerDocument,
  async run(context, { body, operator }) {
    // Whoever holds its keys is every person of the identity provider: no less than to change that provider.
    requireWithinReach(operator, ['admin:identity-providers:write']);
    const { actor } = operator;
    return trustedIssuerToJson(await createTrustedIssuer(context, { ...toNewTrustedIssuer(body), actor }));
  },
});

export const showTrustedIssuerOperation = operation({
  id: 'trusted-issuers.show',
  command: 'trusted-issuers show',
  method: 'GET',
  path: '/trusted-issuers/{trusted_issuer_id}',
  scope: READ,
  summary: 'One trusted issuer, by id',
  params,
  answer: trustedIssuerDocument,
  run: async ({ db }, { params: { trusted_issuer_id: id } }) =>
    trustedIssuerToJson(await getTrustedIssuer(db.knex, id)),
});

export const deleteTrustedIssuerOperation = operation({
  id: 'trusted-issuers.delete',
  command: 'trusted-issuers delete',
  inFiles: 'trusted_issuers[]',
  method: 'DELETE',
  path: '/trusted-issuers/{trusted_issuer_id}',
  scope: WRITE,
  summary: 'Trust an issuer no more, and end what came of its tokens',
  params,
  answer: revokedDocument,
  run: async (context, { params: { trusted_issuer_id: id }, operator: { actor } }) =>
    revokedMembers(await deleteTrustedIssuer(context, id, actor)),
});

export const createRegistrationTokenOperation = operation({
  id: 'registration-tokens.create',
  command: 'registration-tokens create',
  method: 'POST',
  path: '/registration-tokens',
  scope: WRITE,
  summary: 'A token with which applications can register themselves (RFC 7591); it is shown this once',
  body: newRegistrationTokenDocument,
  status: 201,
  answer: registrationTokenDocument,
  async run(context, { body, operator: { actor } }) {
    const { ttl_seconds: ttlSeconds } = body;
    return registrationTokenToJson(await createInitialAccessToken(context, { ttlSeconds, actor }));
  },
});

export const policyOperations: readonly Operation[] = [
  listTrustedIssuersOperation,
  createTrustedIssuerOperation,
  showTrustedIssuerOperation,
  deleteTrustedIssuerOperation,
  createRegistrationTokenOperation,
];
