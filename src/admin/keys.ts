import { z } from 'zod';

import { keyDocument, keyToJson, rotationDocument, rotationToJson } from '../documents/key.ts';
import { revokedDocument, revokedMembers } from '../documents/revoked.ts';
import { SIGNING_ALGS } from '../keys/key.ts';
import { rotateKeys } from '../keys/rotate-keys.ts';
import { listKeys } from '../keys/store.ts';
import { revokeKey } from '../revocation/revoke-key.ts';
import { operation, pathId } from './define.ts';
import type { Operation } from './operation.ts';

const READ = 'admin:keys:read';
const WRITE = 'admin:keys:write';

export const listKeysOperation = operation({
  id: 'keys.list',
  command: 'keys list',
  method: 'GET',
  path: '/keys',
  scope: READ,
  summary: 'Signing keys, the oldest first',
  answer: z.strictObject({ keys: z.array(keyDocument) }),
  run: async ({ db }) => ({ keys: (await listKeys(db.knex)).map(keyToJson) }),
});

export const rotateKeysOperation = operation({
  id: 'keys.rotate',
  command: 'keys rotate',
  method: 'POST',
  path: '/keys/rotate',
  scope: WRITE,
  summary:
    'Publish a successor of each active key, which signs when every verifier can have it; twice makes one',
  body: z.strictObject({
    alg: z.enum(SIGNING_ALGS).optional().describe('Default: every algorithm'),
    now: z.boolean().optional().describe('Sign with it at once: verifiers fetch the JWKS again'),
  }),
  answer: z.strictObject({ rotations: z.array(rotationDocument) }),
  outside: true,
  async run(context, { body, operator: { actor } }) {
    return { rotations: (await rotateKeys(context, { ...body, actor })).map(rotationToJson) };
  },
});

export const revokeKeyOperation = operation({
  id: 'keys.revoke',
  command: 'keys revoke',
  method: 'POST',
  path: '/keys/{kid}/revoke',
  scope: WRITE,
  summary: 'The answer to a stolen key: it leaves the JWKS, and every token it has signed is dead',
  params: pathId('kid'),
  answer: revokedDocument,
  outside: true,
  run: async (context, { params: { kid }, operator: { actor } }) =>
    revokedMembers(await revokeKey(context, kid, actor)),
});

export const keyOperations: readonly Operation[] = [
  listKeysOperation,
  rotateKeysOperation,
  revokeKeyOperation,
];
