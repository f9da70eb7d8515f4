/**
 * How often somebody may ask: unknown tokens that are presented, requests of one client, registrations with one initial access
 * token. This room owns what is counted by whom, and how a refusal looks (RFC 6585 §4, draft-ietf-httpapi-ratelimit-headers); the
 * counters of failures that all processes share are http/throttle.ts, and what wrong passwords, secrets and codes cost is there as
 * well.
 */
import type { Context } from 'koa';

import type { AuditQuota } from '../audit/quota.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import { artifactDigest } from '../grants/artifact.ts';
import { addressPrefix } from '../http/client-address.ts';
import { stateOf } from '../http/middleware.ts';
import {
  keysOf,
  registrationBuckets,
  tokenScanBuckets,
  type Bucket,
  type Scanner,
} from '../http/throttle-buckets.ts';
import type { Throttle } from '../http/throttle.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { createRefusals, type Limit } from './refuse.ts';
import { createOwnTokens } from './own-tokens.ts';
import { createTokenBuckets } from './token-buckets.ts';

export interface LimitsContext {
  readonly config: Pick<Config, 'limits'>;
  readonly clock: Clock;
  readonly db: Database;
  readonly keys: KeyRing;
  readonly throttle: Throttle;
  readonly auditQuota: AuditQuota;
}

/** Each throws the error of a 429 where the limit is reached. */
export interface Limits {
  /**
   * For a token that was refused. One that this house has issued is not counted, be it expired or revoked. While a scanner is
   * closed, only its unknown tokens are refused: what is presented to an API comes from strangers, who must not shut it out.
   */
  unknownToken(koa: Context, token: string, scanner?: { readonly clientId: string }): Promise<void>;
  /** Counts an attempt to register, with an initial access token that is ours. Shared by all processes, exact. */
  registration(koa: Context, token: string): Promise<void>;
  /**
   * Counts a request in this process. The function that is answered takes it back: nobody proved to be this client. A public
   * client is counted for each address, because anybody can name it.
   */
  clientRequest(
    koa: Context,
    client: { readonly id: string; readonly isPublic: boolean },
  ): Promise<() => void>;
}

export function createLimits(context: LimitsContext): Limits {
  const { config, clock, throttle } = context;
  const ownTokens = createOwnTokens(context);
  const refuse = createRefusals(context);
  const perMinute = config.limits.clientRequestsPerMinute;
  const requests = createTokenBuckets(clock, { quota: perMinute, windowSeconds: 60 });

  async function refuseWhileClosed(koa: Context, limit: Limit, buckets: readonly Bucket[]): Promise<void> {
    const seconds = throttle.blockedFor(keysOf(buckets));
    if (seconds > 0) await refuse(koa, limit, seconds);
  }

  return {
    async unknownToken(koa, token, client) {
      if (await ownTokens.isOurs(token)) return;
      const scanner: Scanner = client ?? { address: stateOf(koa).address };
      const buckets = tokenScanBuckets(scanner);
      const limit = { ...limitOf('unknown-tokens', buckets), ...client };
      await refuseWhileClosed(koa, limit, buckets);
      await throttle.fail(buckets);
    },

    async registration(koa, token) {
      if (!(await ownTokens.isOurs(token))) return;
      const buckets = registrationBuckets({
        token: artifactDigest('InitialAccessToken', token).toString('base64url'),
        most: config.limits.registrationsPerHour,
      });
      const limit = { ...limitOf('registrations', buckets), quota: config.limits.registrationsPerHour };
      await refuseWhileClosed(koa, limit, buckets);
      const seconds = await throttle.fail(buckets);
      if (seconds > 0) await refuse(koa, limit, seconds);
    },

    async clientRequest(koa, { id, isPublic }) {
      const key = isPublic ? `${id} ${addressPrefix(stateOf(koa).address)}` : id;
      const limit = {
        name: 'client-requests',
        key,
        clientId: id,
        quota: perMinute,
        windowSeconds: 60,
      } as const;
      const taken = requests.take(key);
      if (!taken.ok) return refuse(koa, limit, taken.waitSeconds);
      const tell = (remaining: number, fullInSeconds: number): void => {
        koa.set('RateLimit-Policy', `"client-requests";q=${perMinute};w=60`);
        koa.set('RateLimit', `"client-requests";r=${remaining};t=${fullInSeconds}`);
      };
      tell(taken.remaining, taken.fullInSeconds);
      return () => requests.giveBack(key);
    },
  };
}

/** The narrowest bucket is what is told. */
function limitOf(name: Limit['name'], buckets: readonly Bucket[]): Limit {
  const [narrowest] = buckets;
  return {
    name,
    key: narrowest?.key ?? '',
    quota: narrowest?.free ?? 0,
    windowSeconds: narrowest?.windowSeconds ?? 0,
  };
}
