import type { Configuration, RefreshToken, Session } from 'oidc-provider';

import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';

/** RFC 6749 §4.1.2 recommends 10 minutes at most, FAPI 2.0 §5.3.2.1 asks for 60 seconds. */
const CODE_TTL_SECONDS = 60;
/** RFC 8628 §3.2 leaves it open; long enough to fetch a phone. */
const DEVICE_CODE_TTL_SECONDS = 600;
/** A person may leave a sign-in page open for a while. */
const INTERACTION_TTL_SECONDS = 3600;
/** An ID token is read once, at sign-in. */
const ID_TOKEN_TTL_SECONDS = 3600;
/** Initial access tokens set an end of their own; registration tokens live as long as their client. */
const DAY_SECONDS = 86_400;

/**
 * A grant ends every token that hangs on it when it expires, however active the client is, so it outlives the longest:
 * a refresh token issued at the last moment of the longest session.
 */
export function grantTtlSeconds(config: Config): number {
  return config.sessions.ttlSeconds + config.tokens.refreshTtlSeconds + DAY_SECONDS;
}

export function lifetimes(config: Config, clock: Clock): NonNullable<Configuration['ttl']> {
  const now = () => Math.floor(clock.now().getTime() / 1000);
  return {
    AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? config.tokens.accessTtlSeconds,
    ClientCredentials: (_ctx, token) =>
      token.resourceServer?.accessTokenTTL ?? config.tokens.accessTtlSeconds,
    AuthorizationCode: CODE_TTL_SECONDS,
    DeviceCode: DEVICE_CODE_TTL_SECONDS,
    Interaction: INTERACTION_TTL_SECONDS,
    IdToken: ID_TOKEN_TTL_SECONDS,
    Grant: grantTtlSeconds(config),
    RefreshToken: (_ctx, token) => refreshTtl(config, token, now()),
    Session: (_ctx, session) => sessionTtl(config, session, now()),
  };
}

/** Idle for too long ends it, and so does its age: `iiat` is the moment of the first one, kept over all rotations. */
function refreshTtl(config: Config, token: RefreshToken, now: number): number {
  const left = (token.iiat ?? now) + config.tokens.refreshTtlSeconds - now;
  return Math.max(1, Math.min(left, config.tokens.refreshIdleSeconds));
}

/** Counted from the sign-in, so that using a session does not prolong it for ever. Until then it serves the sign-in pages. */
function sessionTtl(config: Config, session: Session, now: number): number {
  if (session.accountId === undefined) return INTERACTION_TTL_SECONDS;
  return Math.max(1, (session.loginTs ?? now) + config.sessions.ttlSeconds - now);
}
