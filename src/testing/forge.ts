import { createHmac, createPublicKey } from 'node:crypto';

import { exportJWK, generateKeyPair, SignJWT, type JWK, type JWTHeaderParameters } from 'jose';

import type { Services } from '../services.ts';
import {
  activeKey,
  inventedKid,
  scopesOf,
  toPayload,
  type AccessTokenPayload,
  type ActiveKey,
} from './payload.ts';
import type { Registry } from './registry.ts';
import type { ForgedWish, Forgery } from './test-issuer.ts';

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3600;
/** Nobody's: RFC 2606 §2. */
const ELSEWHERE = 'https://elsewhere.example';

interface Genuine {
  readonly payload: AccessTokenPayload;
  readonly header: JWTHeaderParameters & { readonly kid: string };
  readonly key: ActiveKey;
  /** The public part of `key`, as the JWKS shows it. */
  readonly shown: JWK;
}

/** A token with one thing wrong. Nothing is recorded: a verifier has to refuse it by what it says alone. */
export async function mintForged(services: Services, registry: Registry, wish: ForgedWish): Promise<string> {
  const api = await registry.api(wish.audience, scopesOf(wish));
  const key = await activeKey(services.keys, api.signingAlg);
  const jwk = services.keys.jwks().find((each) => each.kid === key.kid);
  if (!jwk) throw new Error('the key has just been replaced');
  return FORGERIES[wish.kind]({
    payload: await toPayload(services, api, wish),
    header: { typ: 'at+jwt', alg: key.alg, kid: key.kid },
    key,
    shown: createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({ format: 'jwk' }),
  });
}

const FORGERIES: Record<Forgery, (genuine: Genuine) => string | Promise<string>> = {
  expired: ({ payload, header, key }) => {
    const exp = payload.iat - MINUTE_SECONDS;
    return sign({ ...payload, iat: exp - HOUR_SECONDS, exp }, header, key.privateKey);
  },
  'not-yet-valid': ({ payload, header, key }) => {
    const nbf = payload.iat + HOUR_SECONDS;
    return sign({ ...payload, nbf, exp: nbf + HOUR_SECONDS }, header, key.privateKey);
  },
  'wrong-issuer': ({ payload, header, key }) => sign({ ...payload, iss: ELSEWHERE }, header, key.privateKey),
  'wrong-audience': ({ payload, header, key }) =>
    sign({ ...payload, aud: ELSEWHERE }, header, key.privateKey),
  'wrong-type': ({ payload, header, key }) => sign(payload, { ...header, typ: 'JWT' }, key.privateKey),
  'unknown-key': async ({ payload, header }) =>
    sign(payload, { ...header, kid: inventedKid() }, (await foreignPair(header.alg)).privateKey),
  'wrong-key': async ({ payload, header }) =>
    sign(payload, header, (await foreignPair(header.alg)).privateKey),
  'embedded-key': async ({ payload, header }) => {
    const { privateKey, publicKey } = await foreignPair(header.alg);
    return sign(payload, { ...header, kid: inventedKid(), jwk: await exportJWK(publicKey) }, privateKey);
  },
  'alg-none': ({ payload, header }) => `${encode({ ...header, alg: 'none' })}.${encode(payload)}.`,
  'hmac-with-public-key': ({ payload, header, shown }) => {
    const signed = `${encode({ ...header, alg: 'HS256' })}.${encode(payload)}`;
    const pem = createPublicKey({ key: { ...shown }, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    return `${signed}.${createHmac('sha256', pem).update(signed).digest('base64url')}`;
  },
  tampered: async ({ payload, header, key }) => {
    const [head, , signature] = (await sign(payload, header, key.privateKey)).split('.');
    const more = `${payload.scope ?? ''} admin`.trim();
    return `${head}.${encode({ ...payload, scope: more })}.${signature}`;
  },
};

function sign(
  payload: AccessTokenPayload,
  header: JWTHeaderParameters,
  key: ActiveKey['privateKey'],
): Promise<string> {
  return new SignJWT(payload).setProtectedHeader(header).sign(key);
}

function foreignPair(alg: string) {
  return generateKeyPair(alg, { extractable: true });
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
