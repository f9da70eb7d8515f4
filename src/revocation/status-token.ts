import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { deflate, gzip } from 'node:zlib';

import { importJWK, SignJWT } from 'jose';

import { epochSeconds, type Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { AppError } from '../errors.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { BoardList, StatusBoard } from './status-board.ts';
import { statusListUri } from './status-list.ts';

/** Section 5.1 of the draft, signed and ready to be sent as often as it is asked for. */
export interface StatusToken {
  readonly jwt: string;
  /** Strong; of `jwt` as it is. */
  readonly etag: string;
  gzipped(): Promise<Buffer>;
}

export interface StatusTokens {
  /** Complete at the time of the call, for one short query that all who ask at once share. Undefined: there is no such list. Rejects when the database cannot say what has changed. */
  find(id: string): Promise<FoundStatusToken | undefined>;
}

export interface FoundStatusToken extends StatusToken {
  /** The list is complete up to here, in the count of the stream of revocations. */
  readonly position: number;
}

const deflated = promisify(deflate);
const gzipped = promisify(gzip);

/**
 * A list is good for this much longer than verifiers keep it, so that one which nobody can fetch anew does not stop an API at
 * once that has chosen to go on for a while.
 */
const EXPIRY_MARGIN_SECONDS = 600;
/** Hardly slower than 1 for lists of mostly zeros, and half the size. */
const DEFLATE_LEVEL = 6;

interface Build {
  readonly list: BoardList;
  readonly version: number;
  readonly kid: string;
  readonly expiresAtSeconds: number;
  readonly token: Promise<StatusToken>;
}

interface Context {
  readonly board: StatusBoard;
  readonly keys: KeyRing;
  readonly clock: Clock;
  readonly config: Pick<Config, 'issuer' | 'statusLists'>;
}

/** One build a change, however many ask; nothing is built that nobody asks for. */
export function createStatusTokens(ctx: Context): StatusTokens {
  const { board, keys, clock, config } = ctx;
  const builds = new Map<string, Build>();

  function isCurrent(build: Build, list: BoardList): boolean {
    const isLiving = build.expiresAtSeconds - epochSeconds(clock) > config.statusLists.ttlSeconds;
    return build.list === list && build.version === list.version && build.kid === activeKid(keys) && isLiving;
  }

  function buildOf(list: BoardList): Build {
    const known = builds.get(list.id);
    if (known && isCurrent(known, list)) return known;
    const issuedAt = epochSeconds(clock);
    const expiresAtSeconds = issuedAt + config.statusLists.ttlSeconds + EXPIRY_MARGIN_SECONDS;
    const kid = activeKid(keys);
    const token = makeToken(ctx, list, { issuedAt, expiresAtSeconds, kid });
    const build = { list, version: list.version, kid, expiresAtSeconds, token };
    builds.set(list.id, build);
    token.catch(() => builds.get(list.id) === build && builds.delete(list.id));
    dropExpired(builds, clock);
    return build;
  }

  return {
    async find(id) {
      await board.confirm();
      const list = await board.find(id);
      if (!list) return undefined;
      const position = board.position();
      return { ...(await buildOf(list).token), position };
    },
  };
}

function dropExpired(builds: Map<string, Build>, clock: Clock): void {
  const now = clock.now();
  for (const [id, { list }] of builds) if (list.expiresAt <= now) builds.delete(id);
}

const ALG = 'ES256';

function activeKid(keys: KeyRing): string {
  const kid = keys.activeKid(ALG);
  if (kid === undefined) throw new AppError('unavailable', 'There is no key to sign with.', { status: 503 });
  return kid;
}

interface Facts {
  readonly issuedAt: number;
  readonly expiresAtSeconds: number;
  readonly kid: string;
}

async function makeToken(
  { keys, config }: Context,
  list: BoardList,
  { issuedAt, expiresAtSeconds, kid }: Facts,
): Promise<StatusToken> {
  // The bits may go on changing while they are compressed in another thread: what is signed is what was there when it was asked for.
  const bits = list.bits ? Uint8Array.from(list.bits) : new Uint8Array(list.size / 8);
  const compressed = await deflated(bits, { level: DEFLATE_LEVEL });
  const jwk = keys.jwks().find((key) => key.kid === kid);
  if (!jwk) throw new AppError('unavailable', 'The signing key was just replaced.', { status: 503 });
  const jwt = await new SignJWT({
    ttl: config.statusLists.ttlSeconds,
    status_list: { bits: 1, lst: compressed.toString('base64url') },
  })
    .setProtectedHeader({ typ: 'statuslist+jwt', alg: ALG, kid })
    .setIssuer(config.issuer)
    .setSubject(statusListUri(config.issuer, list.id))
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAtSeconds)
    .sign(await importJWK(jwk, ALG));
  let packed: Promise<Buffer> | undefined;
  return {
    jwt,
    etag: createHash('sha256').update(jwt).digest('base64url').slice(0, 27),
    gzipped: () => (packed ??= gzipped(jwt)),
  };
}
