import type { JWK } from 'jose';

import type { Clock } from '../clock.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Database } from '../db/database.ts';
import { createFollower } from '../db/follower.ts';
import type { Bus } from '../db/listen.ts';
import { AppError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { jwksOrder, KEYS_CHANNEL, keysVersion, privateKeyAad } from './key.ts';
import type { PrivateJwk, SigningKey } from './key.ts';
import { findKeysVersion, listKeys } from './store.ts';

/** The signing keys as this process holds them, never more than a second behind the database. */
export interface KeyRing {
  /**
   * Everything the JWKS shows, private parts included: active, then published, then retired keys. The library signs ID
   * tokens with the first key of their algorithm. The caller owns the copies it gets.
   */
  jwks(): PrivateJwk[];
  /** Public keys of another server, which the JWKS shows as well. Nothing that they signed is ours. */
  foreignJwks(): JWK[];
  /** Public keys that were revoked, as long as they are remembered: what they signed is dead, and was ours. */
  revokedJwks(): JWK[];
  /** The key that signs for `alg` now. */
  activeKid(alg: string): string | undefined;
  /** `listener` runs after every change of the set or of a key's state. */
  onChange(listener: () => void): void;
  /** Stops following; resolves when no query of the ring is running any more. */
  close(): Promise<void>;
}

interface Context {
  readonly db: Database;
  readonly bus: Bus;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Held {
  readonly version: string;
  readonly jwks: readonly PrivateJwk[];
  readonly foreign: readonly JWK[];
  readonly revoked: readonly JWK[];
  readonly activeKids: ReadonlyMap<string, string>;
}

/** Call after `ensureKeys`. Throws when a key that should sign cannot be opened: a wrong GUICHET_ENCRYPTION_KEY. */
export async function createKeyRing(context: Context): Promise<KeyRing> {
  const { db, bus, log } = context;
  const listeners: (() => void)[] = [];
  let held = await load(context);
  if (held.unreadable.some((key) => key.state === 'active')) throw unreadable(held.unreadable);

  async function refresh(): Promise<void> {
    if ((await findKeysVersion(db.knex)) === held.version) return;
    held = await load(context);
    for (const listener of listeners) callListener(listener, log);
  }

  const follower = createFollower({ what: 'signing keys', log }, refresh);
  const unsubscribe = bus.subscribe(
    KEYS_CHANNEL,
    () => follower.now(),
    () => follower.now(),
  );

  return {
    jwks: () => structuredClone([...held.jwks]),
    foreignJwks: () => structuredClone([...held.foreign]),
    revokedJwks: () => structuredClone([...held.revoked]),
    activeKid: (alg) => held.activeKids.get(alg),
    onChange: (listener) => void listeners.push(listener),
    async close() {
      unsubscribe();
      await follower.stop();
    },
  };
}

async function load({ db, seal, log }: Context): Promise<Held & { unreadable: SigningKey[] }> {
  const keys = await listKeys(db.knex);
  const shown = jwksOrder(keys).filter((key) => !isForeign(key));
  const foreign = keys.filter(isForeign).map(({ publicJwk }) => publicJwk);
  const revoked = keys.filter(({ state }) => state === 'revoked').map(({ publicJwk }) => publicJwk);
  const jwks: PrivateJwk[] = [];
  const activeKids = new Map<string, string>();
  const unreadable: SigningKey[] = [];
  for (const key of shown) {
    const jwk = open(seal, key);
    if (!jwk) {
      unreadable.push(key);
      log.error(
        { kid: key.kid, state: key.state },
        'a signing key cannot be opened with GUICHET_ENCRYPTION_KEY',
      );
      continue;
    }
    jwks.push(jwk);
    if (key.state === 'active') activeKids.set(key.alg, key.kid);
  }
  return { version: keysVersion(keys), jwks, foreign, revoked, activeKids, unreadable };
}

/** Of another server: it never had a private part here. */
function isForeign({ state, sealedPrivate }: SigningKey): boolean {
  return state === 'retired' && sealedPrivate === null;
}

/** A key that cannot be opened is left out, because one unreadable old key must not take the readable ones along. */
function open(seal: Seal, key: SigningKey): PrivateJwk | undefined {
  if (!key.sealedPrivate) return undefined;
  try {
    const jwk: PrivateJwk = JSON.parse(seal.open(key.sealedPrivate, privateKeyAad(key.kid)).toString());
    return jwk;
  } catch {
    return undefined;
  }
}

function unreadable(keys: readonly SigningKey[]): AppError {
  const kids = keys.map((key) => key.kid).join(', ');
  return new AppError('keys_unreadable', `GUICHET_ENCRYPTION_KEY does not open the signing keys ${kids}`, {
    status: 500,
  });
}

function callListener(listener: () => void, log: Logger): void {
  try {
    listener();
  } catch (error) {
    log.error({ err: error }, 'a listener for signing keys failed');
  }
}
