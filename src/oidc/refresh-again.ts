import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';

import { calculateJwkThumbprint, decodeProtectedHeader } from 'jose';
import type { Context } from 'koa';
import { errors } from 'oidc-provider';

import { hmac } from '../crypto/digest.ts';
import { artifactDigest } from '../grants/artifact.ts';
import { findRefreshAnswer } from '../grants/store.ts';
import type { RefreshAnswerRow } from '../revocation/issue.ts';
import type { HallContext } from './context.ts';
import type { Issuance } from './issuance.ts';
import { oidcOf } from './library-context.ts';
import { presentsCertificate } from './mutual-tls.ts';

/**
 * Two tabs refresh at once, or a response is lost on the way: the client repeats a refresh that was already answered. For a
 * short time, and only until the new refresh token is used, it gets the same answer again instead of losing its sign-in.
 * The answer is kept sealed under a key that only the spent refresh token yields, so the database cannot open it.
 */
class RepeatedRefresh extends errors.InvalidGrant {}

const repeats = new WeakMap<Context, object>();

/** Called when a spent refresh token is presented. Throws to end the request if it is a repetition; returns if it is reuse. */
export async function checkRepeated(
  hall: HallContext,
  ctx: Context,
  value: string,
  payload: {
    clientId?: unknown;
    jkt?: unknown;
    'x5t#S256'?: unknown;
    expiresWithSession?: unknown;
    sessionUid?: unknown;
  },
): Promise<void> {
  const client = oidcOf(ctx)?.client;
  if (!client || payload.clientId !== client.clientId) return;
  const answer = await findRefreshAnswer(hall.db.pool, refreshDigest(value), hall.clock.now());
  if (!answer || answer.successorSpent) return;
  // A revoked grant takes its tokens' rows along; a session that has ended leaves them.
  if (payload.expiresWithSession && !(await hall.records.findSession(String(payload.sessionUid)))) return;
  if (payload.jkt !== undefined && !(await provesKey(ctx, payload.jkt))) {
    throw new errors.InvalidGrant('failed jkt verification');
  }
  if (!presentsCertificate(hall.config, ctx, payload['x5t#S256'])) {
    throw new errors.InvalidGrant('failed x5t#S256 verification');
  }
  const body = open(value, requestContext(ctx), answer.sealed);
  if (body === undefined) throw new errors.InvalidGrant('refresh token repeated with other parameters');
  repeats.set(ctx, body);
  throw new RepeatedRefresh('refresh token repeated within the grace period');
}

/**
 * Puts the kept answer in place of the error. With `lost`, for a request that prepared an answer of its own but lost the
 * race for the refresh token to an equal one.
 */
export async function answerAgain(hall: HallContext, ctx: Context, lost?: Issuance): Promise<boolean> {
  let body = repeats.get(ctx);
  if (lost?.spends?.model === 'RefreshToken') {
    const { value, digest } = lost.spends;
    const answer = await findRefreshAnswer(hall.db.pool, digest, hall.clock.now());
    body = answer && !answer.successorSpent ? open(value, requestContext(ctx), answer.sealed) : undefined;
  }
  if (!body) return false;
  ctx.status = 200;
  ctx.body = body;
  return true;
}

/** The answer to keep, for a request that rotated a refresh token. */
export function recordAnswer(hall: HallContext, ctx: Context, issuance: Issuance): RefreshAnswerRow | null {
  const { spends } = issuance;
  const graceSeconds = hall.config.tokens.refreshGraceSeconds;
  if (spends?.model !== 'RefreshToken' || graceSeconds === 0) return null;
  const successor = issuance.artifacts.find((artifact) => artifact.model === 'RefreshToken');
  return {
    digest: spends.digest,
    successorDigest: successor?.digest ?? null,
    sealed: sealAnswer(spends.value, requestContext(ctx), ctx.body),
    expiresAt: new Date(hall.clock.now().getTime() + graceSeconds * 1000),
  };
}

function refreshDigest(value: string): Buffer {
  return artifactDigest('RefreshToken', value);
}

/** The library has checked the proof's signature by now; what is left is whose key it was. */
async function provesKey(ctx: Context, thumbprint: unknown): Promise<boolean> {
  try {
    const { jwk } = decodeProtectedHeader(ctx.get('DPoP'));
    return jwk !== undefined && (await calculateJwkThumbprint(jwk)) === thumbprint;
  } catch {
    return false;
  }
}

/** Same request: same scope and resource. Another one is not a repetition. */
function requestContext(ctx: Context): string {
  const { scope, resource } = oidcOf(ctx)?.params ?? {};
  return JSON.stringify([scope ?? null, resource ?? null]);
}

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

function answerKey(refreshToken: string): KeyObject {
  return createSecretKey(hmac(Buffer.from('guichet/refresh-answer/v1'), refreshToken));
}

function sealAnswer(refreshToken: string, aad: string, body: unknown): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, answerKey(refreshToken), nonce);
  cipher.setAAD(Buffer.from(aad));
  const sealed = Buffer.concat([cipher.update(JSON.stringify(body)), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
}

function open(refreshToken: string, aad: string, sealed: Buffer): object | undefined {
  const decipher = createDecipheriv(ALGORITHM, answerKey(refreshToken), sealed.subarray(0, NONCE_BYTES));
  decipher.setAAD(Buffer.from(aad));
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  try {
    const plain = Buffer.concat([
      decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)),
      decipher.final(),
    ]);
    const body: object = JSON.parse(plain.toString());
    return body;
  } catch {
    return undefined;
  }
}
