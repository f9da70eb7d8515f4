import type { JWTPayload } from 'jose';
import type { Context, Middleware } from 'koa';
import type Provider from 'oidc-provider';
import { errors } from 'oidc-provider';

import { findOwnToken, ownKeysOf, verifyOwnToken, type OwnKeys } from '../revocation/own-token.ts';
import { revoke } from '../revocation/revoke.ts';
import type { LedgerEntry } from '../revocation/token.ts';
import type { HallContext } from './context.ts';
import { oidcOf } from './library-context.ts';

/**
 * Introspection (RFC 7662) and revocation (RFC 7009) of JWT access tokens. The library authenticates the client and then
 * refuses every JWT with `unsupported_token_type`; this recognises that refusal and finishes the work, so that client
 * authentication, CORS, duplicate parameters and headers stay the library's.
 */
export function structuredTokens(hall: HallContext, provider: Provider): Middleware {
  const own: OwnTokens = { ...hall, ownKeys: ownKeysOf(hall.keys) };
  const refused = new WeakSet<object>();
  const remember = (ctx: object, error: Error) => {
    if (error instanceof errors.UnsupportedTokenType) refused.add(ctx);
  };
  provider.on('introspection.error', remember);
  provider.on('revocation.error', remember);

  return async function finishStructuredTokens(ctx, next) {
    await next();
    if (!refused.has(ctx)) return;
    const route = oidcOf(ctx)?.route;
    if (route === 'introspection') await introspect(own, ctx);
    if (route === 'revocation') await revokeToken(own, ctx);
  };
}

interface OwnTokens extends HallContext {
  /** The JWKS of this provider instance: a revoked key is not in it. */
  readonly ownKeys: OwnKeys;
}

/** A token of ours as its claims and the ledger tell it; undefined for whatever else looks like a JWT. */
async function readOwnToken(
  hall: OwnTokens,
  jwt: unknown,
): Promise<{ payload: Readonly<JWTPayload>; entry: LedgerEntry } | undefined> {
  if (typeof jwt !== 'string') return undefined;
  const { ownKeys, clock } = hall;
  const payload = await verifyOwnToken(jwt, { ownKeys, issuer: hall.config.issuer, clock });
  const entry = payload && (await findOwnToken(hall.records, payload));
  return entry && { payload, entry };
}

async function introspect(hall: OwnTokens, ctx: Context): Promise<void> {
  const token = await readOwnToken(hall, oidcOf(ctx)?.params?.['token']);
  ctx.status = 200;
  ctx.type = 'json';
  const mayKnow = token && (await mayIntrospect(hall, String(oidcOf(ctx)?.client?.clientId), token.entry));
  if (!token || token.entry.revokedAt || !mayKnow) {
    // RFC 7662 §2.2: nothing more, so that expired, revoked, foreign and invented tokens look the same.
    ctx.body = { active: false };
    return;
  }
  const { cnf, scope, client_id, ...rest } = token.payload;
  ctx.body = {
    active: true,
    ...rest,
    client_id,
    scope,
    ...(cnf === undefined ? {} : { cnf }),
    token_type: isDpopBound(cnf) ? 'DPoP' : 'Bearer',
  };
}

function isDpopBound(cnf: unknown): boolean {
  return typeof cnf === 'object' && cnf !== null && 'jkt' in cnf;
}

/** RFC 7662 §4: the client it was issued to, and the API it is addressed to. */
async function mayIntrospect(hall: HallContext, clientId: string, entry: LedgerEntry): Promise<boolean> {
  if (entry.clientId === clientId) return true;
  const record = await hall.clients.find(clientId);
  return record?.actsForApiId === entry.apiId;
}

async function revokeToken(hall: OwnTokens, ctx: Context): Promise<void> {
  const token = await readOwnToken(hall, oidcOf(ctx)?.params?.['token']);
  const client = oidcOf(ctx)?.client;
  if (token && token.entry.clientId !== client?.clientId) {
    // RFC 7009 §2.1: refused, and the client is told. The library does the same for opaque tokens.
    ctx.status = 400;
    ctx.type = 'json';
    ctx.body = {
      error: 'invalid_request',
      error_description: 'client is not authorized to revoke the presented token',
    };
    return;
  }
  if (token && !token.entry.revokedAt) {
    const { jti } = token.payload;
    await revoke(
      hall,
      { jti: String(jti), expiresAt: token.entry.expiresAt },
      `client:${token.entry.clientId}`,
    );
  }
  // RFC 7009 §2.2: an unknown token is already as dead as the client wanted, so this is a success.
  ctx.status = 200;
  ctx.remove('Content-Type');
  ctx.body = '';
}
