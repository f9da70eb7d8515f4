import { promisify } from 'node:util';
import { deflate, gzip } from 'node:zlib';

import { importJWK, SignJWT } from 'jose';

import { epochSeconds, type Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { sha256 } from '../crypto/digest.ts';
import { AppError } from '../errors.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { BoardList, StatusBoard } from './status-board.ts';
import { statusListUri } from './status-list.ts';

/** Section 5.1 of the draft, signed and ready to be sent as often as it is asked for. */
export interface StatusToken {
  readonly jwt: string;
  /**
   * Of what the list says, not of the signature: the same from every process. It changes every few minutes as well, so that nobody
   * is left with a token that has expired.
   */
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
/** A list that has not changed gets a new ETag after so long: half of the margin is then left to one who keeps what it has. */
const ETAG_SECONDS = EXPIRY_MARGIN_SECONDS / 2;
/** Hardly slower than 1 for lists of mostly zeros, and half the size. */
const DEFLATE_LEVEL = 6;

/** The bits of a list as they are signed: made once a change. */
interface Build {
  readonly list: BoardList;
  readonly version: number;
  readonly lst: Promise<string>;
  signed: Signed | undefined;
}

interface Signed {
  readonly kid: string;
  readonly issuedAt: number;
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
  // Verifiers that count `ttl` from `iat` find most of it left; and a signature serves many who ask at the same time.
  const resignSeconds = Math.max(1, Math.floor(config.statusLists.ttlSeconds / 4));

  function buildOf(list: BoardList): Build {
    const known = builds.get(list.id);
    if (known && known.list === list && known.version === list.version) return known;
    const build: Build = { list, version: list.version, lst: compress(list), signed: undefined };
    builds.set(list.id, build);
    build.lst.catch(() => builds.get(list.id) === build && builds.delete(list.id));
    dropExpired(builds, clock);
    return build;
  }

  function signedOf(build: Build): Promise<StatusToken> {
    const now = epochSeconds(clock);
    const kid = activeKid(keys);
    const { signed } = build;
    const isFresh = signed?.kid === kid && now >= signed.issuedAt && now - signed.issuedAt < resignSeconds;
    if (signed && isFresh) return signed.token;
    const token = makeToken(ctx, build, { issuedAt: now, kid });
    const made = { kid, issuedAt: now, token };
    build.signed = made;
    token.catch(() => build.signed === made && (build.signed = undefined));
    return token;
  }

  return {
    async find(id) {
      await board.confirm();
      const list = await board.find(id);
      if (!list) return undefined;
      const position = board.position();
      return { ...(await signedOf(buildOf(list))), position };
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

/** The bits may go on changing while they are compressed in another thread: what counts is what was there when it was asked for. */
async function compress(list: BoardList): Promise<string> {
  const bits = list.bits ? Uint8Array.from(list.bits) : new Uint8Array(list.size / 8);
  const compressed = await deflated(bits, { level: DEFLATE_LEVEL });
  return compressed.toString('base64url');
}

async function makeToken(
  { keys, config }: Context,
  build: Build,
  { issuedAt, kid }: { issuedAt: number; kid: string },
): Promise<StatusToken> {
  const lst = await build.lst;
  const jwk = keys.jwks().find((key) => key.kid === kid);
  if (!jwk) throw new AppError('unavailable', 'The signing key was just replaced.', { status: 503 });
  const { ttlSeconds } = config.statusLists;
  const jwt = await new SignJWT({ ttl: ttlSeconds, status_list: { bits: 1, lst } })
    .setProtectedHeader({ typ: 'statuslist+jwt', alg: ALG, kid })
    .setIssuer(config.issuer)
    .setSubject(statusListUri(config.issuer, build.list.id))
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ttlSeconds + EXPIRY_MARGIN_SECONDS)
    .sign(await importJWK(jwk, ALG));
  let packed: Promise<Buffer> | undefined;
  return {
    jwt,
    etag: sha256(JSON.stringify([kid, ttlSeconds, Math.floor(issuedAt / ETAG_SECONDS), lst]))
      .toString('base64url')
      .slice(0, ETAG_LENGTH),
    gzipped: () => (packed ??= gzipped(jwt)),
  };
}

/** 162 bits. */
const ETAG_LENGTH = 27;
