import { z } from 'zod';

import { revokeSecret } from '../clients/revoke-secret.ts';
import { rotateSecret } from '../clients/rotate-secret.ts';
import { setClientBrand } from '../clients/set-brand.ts';
import {
  brandChangesDocument,
  clientDocument,
  rotatedSecretDocument,
  rotatedSecretToJson,
  toBrandChanges,
} from '../documents/client.ts';
import { identifier } from '../documents/document.ts';
import { getReachableClient, presentClient } from './clients.ts';
import { operation, pathId } from './define.ts';
import type { Operation } from './operation.ts';

const WRITE = 'admin:clients:write';
const params = pathId('client_id');

export const setBrandOperation = operation({
  id: 'clients.set-brand',
  command: 'clients brand',
  inFiles: 'clients[].brand',
  method: 'PUT',
  path: '/clients/{client_id}/brand',
  scope: WRITE,
  summary:
    'How a client looks on the pages of its own sign-ins; what is not mentioned stays, null takes away',
  params,
  body: brandChangesDocument,
  answer: clientDocument,
  async run(context, { params: { client_id: id }, body, operator }) {
    await getReachableClient(context, operator, id);
    const client = await setClientBrand(context, id, toBrandChanges(body), operator.actor);
    return presentClient(context.db.knex, client);
  },
});

export const removeBrandOperation = operation({
  id: 'clients.remove-brand',
  command: 'clients brand',
  inFiles: 'clients[].brand',
  method: 'DELETE',
  path: '/clients/{client_id}/brand',
  scope: WRITE,
  summary: 'Let a client look as the rest does',
  params,
  answer: clientDocument,
  async run(context, { params: { client_id: id }, operator }) {
    await getReachableClient(context, operator, id);
    const client = await setClientBrand(context, id, { color: null, logo: null }, operator.actor);
    return presentClient(context.db.knex, client);
  },
});

export const rotateSecretOperation = operation({
  id: 'clients.rotate-secret',
  command: 'clients rotate-secret',
  method: 'POST',
  path: '/clients/{client_id}/rotate-secret',
  scope: WRITE,
  summary: 'A new secret, shown this once; the current one goes on working for a while',
  params,
  body: z.strictObject({
    overlap_seconds: z.int().min(0).optional().describe('0: the old one leaked. Default: a day'),
    ttl_seconds: z.int().min(1).optional().describe('How long the new one works. Default: for ever'),
  }),
  answer: rotatedSecretDocument,
  async run(context, { params: { client_id: id }, body, operator }) {
    await getReachableClient(context, operator, id);
    const { overlap_seconds: overlapSeconds, ttl_seconds: ttlSeconds } = body;
    const { actor } = operator;
    return rotatedSecretToJson(await rotateSecret(context, id, { overlapSeconds, ttlSeconds, actor }));
  },
});

export const revokeSecretOperation = operation({
  id: 'clients.revoke-secret',
  command: 'clients revoke-secret',
  method: 'DELETE',
  path: '/clients/{client_id}/secrets/{secret_id}',
  scope: WRITE,
  summary: 'End one of the secrets of a client now; tokens that it brought live on',
  params: params.extend({ secret_id: identifier }),
  answer: clientDocument,
  async run(context, { params: { client_id: clientId, secret_id: secretId }, operator }) {
    await getReachableClient(context, operator, clientId);
    const client = await revokeSecret(context, { clientId, secretId, actor: operator.actor });
    return presentClient(context.db.knex, client);
  },
});

export const clientPartOperations: readonly Operation[] = [
  setBrandOperation,
  removeBrandOperation,
  rotateSecretOperation,
  revokeSecretOperation,
];
