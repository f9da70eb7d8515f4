/**
 * The issuer's keys (RFC 8414 §2 `jwks_uri`, RFC 7517). Tokens are verified from memory; the set is fetched again ahead of time, when
 * it has become old, and when a token names a key that is not in it — the last at a pace that no client can drive.
 */
import type { CryptoKey } from 'jose';

import { ageOf } from './age.ts';
import { fetchBounded } from './fetch-bounded.ts';
import { describe, type Issuer } from './issuer-context.ts';
import { importedKey, readJwkSet, type JwkSet, type SetKey } from './jwk-set.ts';
import { parseJsonObject } from './jwt-parts.ts';
import type { MetadataSource } from './metadata.ts';
import { pause } from './pause.ts';
import { invalidToken, unavailable } from './refusal.ts';
import { singleFlight } from './single-flight.ts';
import { createTwoGenerations } from './two-generations.ts';
import type { KeySource } from './verifier.ts';

/** The issuer says how long its keys may be kept. Less is a request for every token; more, and a withdrawn key lives on. */
const FRESH_MS = { min: 1_000, max: 600_000, unsaid: 300_000 };
/** From this part of the time on, whoever comes first starts a fetch that nobody waits for. */
const REFRESH_AHEAD = 0.8;
/** For so long the keys are used although the issuer cannot be reached: as long as `allowUntilSeconds` at most. */
const STALE_MS_MAX = 86_400_000;
/** Names of keys are free to make up: all of them together cause one fetch in this time. */
const UNKNOWN_COOLDOWN_MS = 5_000;
/** A key that was not in the set is not looked for again before: issuers publish a key ahead of its use. */
const UNKNOWN_KID_MS = 10_000;
const UNKNOWN_KIDS = { entriesMax: 1_000, charsMax: 64_000 };
/** After a fetch that failed. */
const FAILED_COOLDOWN_MS = 1_000;

/** A set that comes from a process of the issuer which has not heard yet is older than what we were told. */
const EXPECTED_TRIES = 10;
const EXPECTED_PAUSE_MS = 200;

const JWKS_BOUNDS = { timeoutMs: 5_000, bodyBytesMax: 256 * 1024 };

export interface IssuerKeys {
  readonly keys: KeySource;
  /** Resolves when there are keys. */
  load(): Promise<void>;
  /** Something happened at the issuer that may have changed its keys. Nobody waits for it. */
  refresh(): void;
  /** The issuer says which keys its set has now: where ours has others it is fetched, until it is the same. Nobody waits for it. */
  expect(kids: readonly string[]): void;
}

interface Loaded {
  readonly set: JwkSet;
  readonly fetchedAt: number;
  readonly freshMs: number;
}

type Header = Parameters<KeySource>[0];

export function createIssuerKeys(issuer: Issuer, metadata: MetadataSource): IssuerKeys {
  const { now } = issuer;
  const unknownKids = createTwoGenerations<number>(UNKNOWN_KIDS);
  let loaded: Loaded | undefined;
  let failure: { at: number; cause: unknown } | undefined;
  let soughtAt = -Infinity;
  let expected: readonly string[] | undefined;

  const fetchKeys = singleFlight(async () => {
    const fetchedAt = now();
    try {
      loaded = await fetchJwks(issuer, metadata, loaded?.set, fetchedAt);
      failure = undefined;
      return loaded;
    } catch (cause) {
      metadata.doubt();
      failure = { at: now(), cause };
      issuer.tell({ type: 'keys-unavailable', reason: describe(cause) });
      throw noKeys(cause);
    }
  });

  function background(): void {
    if (failure && ageOf(failure.at, now()) < FAILED_COOLDOWN_MS) return;
    // It was told as an event; whoever needs the keys finds out by itself.
    void fetchKeys().catch(() => undefined);
  }

  /** The keys that count now, at once where they are fresh. */
  function current(): Loaded | Promise<Loaded> {
    // A clock that was set back makes keys due, and takes them from nobody while the issuer is away.
    const age = loaded ? now() - loaded.fetchedAt : Infinity;
    const isDue = loaded === undefined || age < 0 || age >= loaded.freshMs;
    if (!loaded || age > STALE_MS_MAX) {
      if (failure && ageOf(failure.at, now()) < FAILED_COOLDOWN_MS) throw noKeys(failure.cause);
      return fetchKeys();
    }
    if (!isDue && age < loaded.freshMs * REFRESH_AHEAD) return loaded;
    // While the issuer is out of reach nobody waits for it twice.
    if (isDue && !failure) return orStale(loaded);
    background();
    return loaded;
  }

  async function orStale(stale: Loaded): Promise<Loaded> {
    return fetchKeys().catch(() => stale);
  }

  async function seek(header: Header): Promise<Loaded | undefined> {
    const name = `${header.alg} ${header.kid ?? ''}`;
    const knownUntil = unknownKids.get(name);
    if (knownUntil !== undefined && now() < knownUntil) return undefined;
    if (!fetchKeys.isFlying()) {
      if (ageOf(soughtAt, now()) < UNKNOWN_COOLDOWN_MS) return undefined;
      soughtAt = now();
    }
    const fetched = await fetchKeys().catch(() => undefined);
    if (fetched && !fetched.set.find(header)) unknownKids.set(name, now() + UNKNOWN_KID_MS);
    return fetched;
  }

  async function untilExpected(kids: readonly string[]): Promise<void> {
    for (let attempt = 0; attempt < EXPECTED_TRIES; attempt += 1) {
      if (attempt > 0) await pause(EXPECTED_PAUSE_MS, issuer.closed);
      const isOver = issuer.closed.aborted || expected !== kids;
      if (isOver || (loaded && hasKeys(loaded.set, kids))) return;
      await fetchKeys().catch(() => undefined);
    }
  }

  async function find(header: Header, keys: Loaded | Promise<Loaded>): Promise<CryptoKey> {
    const found = (await keys).set.find(header) ?? (await seek(header))?.set.find(header);
    if (!found) throw invalidToken('unknown_key', 'The key of the token is not known.');
    return usable(found, header.alg);
  }

  return {
    keys(header) {
      const keys = current();
      const found = keys instanceof Promise ? undefined : keys.set.find(header);
      return found?.imported.get(header.alg) ?? find(header, keys);
    },
    async load() {
      await (loaded ?? fetchKeys());
    },
    refresh: background,
    expect(kids) {
      expected = kids;
      if (loaded && hasKeys(loaded.set, kids)) return;
      // A key that was not there before is there now.
      unknownKids.clear();
      soughtAt = -Infinity;
      void untilExpected(kids);
    },
  };
}

function hasKeys({ keys }: JwkSet, kids: readonly string[]): boolean {
  const known = new Set(keys.map(({ kid }) => kid));
  return known.size === new Set(kids).size && kids.every((kid) => known.has(kid));
}

/** The issuer published a key that cannot be used: no fault of the client's, but not a key either. */
async function usable(key: SetKey, alg: string): Promise<CryptoKey> {
  try {
    return await importedKey(key, alg);
  } catch (cause) {
    throw invalidToken('unknown_key', 'The key of the token cannot be used.', cause);
  }
}

function noKeys(cause: unknown): Error {
  return unavailable('keys_unavailable', 'The keys of the issuer cannot be had now.', cause);
}

async function fetchJwks(
  issuer: Issuer,
  metadata: MetadataSource,
  before: JwkSet | undefined,
  fetchedAt: number,
): Promise<Loaded> {
  const { jwksUri } = await metadata.get();
  const request = { headers: { Accept: 'application/json' }, signal: issuer.closed };
  const answer = await fetchBounded(issuer.fetch, jwksUri, request, JWKS_BOUNDS);
  if (answer.status !== 200) throw new Error(`the key set was answered with ${answer.status}`);
  const document = parseJsonObject(answer.text);
  if (!document) throw new Error('the key set is not a JSON object');
  return { set: readJwkSet(document, before), fetchedAt, freshMs: freshMsOf(answer.headers) };
}

/** RFC 9111 §4.2: what is left of `max-age` when a cache on the way has kept the answer for a while. */
function freshMsOf(headers: Headers): number {
  const seconds = /(?:^|[\s,])max-age="?(\d{1,9})/i.exec(headers.get('cache-control') ?? '')?.[1];
  if (seconds === undefined) return FRESH_MS.unsaid;
  const [age = '0'] = /^\d{1,9}$/.exec(headers.get('age') ?? '') ?? [];
  return Math.min(Math.max((Number(seconds) - Number(age)) * 1000, FRESH_MS.min), FRESH_MS.max);
}
