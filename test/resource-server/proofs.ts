import { createHash, randomUUID } from 'node:crypto';

import { calculateJwkThumbprint } from 'jose';

import type { ResourceRequest } from '../../src/resource-server/verifier.ts';
import { makeSigner, type Signer } from '../standards/forge.ts';

export const TOKEN = 'an.access.token';
export const URL_OF_API = 'https://api.example/orders/1';

/** When the tests of proofs take place, in milliseconds. */
export const NOW = Date.UTC(2030, 0, 1);
export const SECONDS = NOW / 1000;

export const owner = makeSigner();
export const thief = makeSigner();
export const jkt = await calculateJwkThumbprint(publicKeyOf(owner));

export interface ProofOptions {
  readonly by?: Signer;
  readonly header?: object;
  readonly claims?: object;
}

export function publicKeyOf({ jwk }: Signer): Record<string, unknown> {
  return { kty: jwk['kty'], crv: jwk['crv'], x: jwk['x'], y: jwk['y'] };
}

/** A good proof for `GET` {@link URL_OF_API} with {@link TOKEN} at {@link NOW}, of which anything may be replaced. */
export function prove({ by = owner, header = {}, claims = {} }: ProofOptions = {}): string {
  return by.sign(
    { alg: 'ES256', typ: 'dpop+jwt', jwk: publicKeyOf(by), ...header },
    { htm: 'GET', htu: URL_OF_API, jti: randomUUID(), iat: SECONDS, ath: hashOf(TOKEN), ...claims },
  );
}

export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

export function requestWith(
  dpop: ResourceRequest['dpop'],
  request: Partial<ResourceRequest> = {},
): ResourceRequest {
  return { method: 'GET', url: URL_OF_API, dpop, ...request };
}
