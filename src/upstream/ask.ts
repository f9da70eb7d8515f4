import { randomToken } from '../crypto/ids.ts';
import type { Database } from '../db/database.ts';
import type { IdentityProvider, IdentityProviderOf } from './identity-provider.ts';
import type { UpstreamIdentity } from './identity.ts';
import type { ProtocolContext, Wishes } from './protocol.ts';
import { protocolOf } from './protocols.ts';
import { insertRequest } from './request-store.ts';
import {
  openStrings,
  REQUEST_TTL_SECONDS,
  sealStrings,
  stateDigest,
  type RequestOrigin,
  type UpstreamRequest,
} from './request.ts';
import type { Kind } from './settings.ts';

export interface AskContext extends ProtocolContext {
  readonly db: Database;
}

/** 256 bits, and short enough for a path of ours. */
const STATE_BYTES = 32;

/** Writes down the question and answers where the browser goes with it. Throws an `UpstreamError`. */
export async function beginRequest<K extends Kind>(
  ctx: AskContext,
  provider: IdentityProviderOf<K>,
  { origin, wishes }: { readonly origin: RequestOrigin; readonly wishes: Wishes },
): Promise<string> {
  const protocol = protocolOf(provider);
  if (!protocol) throw new TypeError(`${provider.kind} sends no browser anywhere`);
  const state = randomToken(STATE_BYTES);
  const digest = stateDigest(state);
  const { url, kept } = await protocol.begin(ctx, provider, { ...wishes, state });
  const now = ctx.clock.now();
  await insertRequest(
    ctx.db.knex,
    {
      stateDigest: digest,
      providerId: provider.id,
      origin,
      kept: sealStrings(ctx.seal, 'kept', digest, kept),
    },
    { now, expiresAt: new Date(now.getTime() + REQUEST_TTL_SECONDS * 1000) },
  );
  return url;
}

/** Whom the answer is about. The request must have been used up (`useRequest`) by this caller. Throws an `UpstreamError`. */
export async function finishRequest<K extends Kind>(
  ctx: ProtocolContext,
  provider: IdentityProviderOf<K>,
  { state, request }: { readonly state: string; readonly request: UpstreamRequest },
): Promise<UpstreamIdentity> {
  const protocol = protocolOf(provider);
  if (!protocol || !request.answer) throw new TypeError('the request has an answer');
  const { stateDigest: digest } = request;
  return protocol.finish(ctx, provider, {
    state,
    kept: openStrings(ctx.seal, 'kept', digest, request.kept),
    answer: openStrings(ctx.seal, 'answer', digest, request.answer),
  });
}

/** Whether people reach it by a redirect. */
export function isRedirected(provider: IdentityProvider): boolean {
  return protocolOf(provider) !== undefined;
}
