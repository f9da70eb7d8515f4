import { availableParallelism } from 'node:os';
import { argon2id, hash as argon2Hash, verify as argon2Verify } from 'argon2';
import { AppError } from '../errors.ts';
import { hmac } from './digest.ts';
import { createEvenRefusals, type EvenRefusals } from './even-refusals.ts';
import {
  isImported,
  matchesImported,
  readImported,
  wrapImported,
  type ImportedHash,
} from './imported-hash.ts';
import { createPasswordPolicy, type PasswordPolicy } from './password-policy.ts';
import { isTooLong, normalisePassword } from './password-text.ts';
import { deriveKey } from './secrets.ts';
import { createWorkQueue } from './work-queue.ts';

/**
 * Password hashes. Ours are argon2id with a pepper (argon2's own secret input, RFC 9106 §3.1) derived from
 * GUICHET_ENCRYPTION_KEY, so that a stolen table alone cannot be attacked. A stored hash is a PHC string whose standard
 * `keyid` parameter names its pepper. Those of other systems are in imported-hash.ts, the rules for choosing a password in
 * password-policy.ts.
 *
 * Every method throws `overloaded` (503) when the queue is full.
 */
export interface Passwords {
  /** Which passwords may be chosen. `hash` does not ask it: whoever lets somebody choose does. */
  readonly policy: PasswordPolicy;
  /** Throws `password_too_long` (400). */
  hash(password: string): Promise<string>;
  /** What to store of a hash that another system made; at once. */
  wrap(hash: ImportedHash): string;
  /**
   * `rehash` replaces the stored string: it was imported, or its parameters or pepper are not today's. A hash whose pepper is
   * no longer configured matches nothing, at the usual cost; only a reset helps that account.
   */
  verify(stored: string, password: string): Promise<Verification>;
  /** Takes as long as `verify`: for accounts that do not exist or have no password. */
  verifyDummy(password: string): Promise<Pick<Verification, 'refusalWaitMs'>>;
}

export interface Verification {
  readonly ok: boolean;
  readonly rehash?: string;
  /** Whoever refuses somebody waits so long first, so that all refusals take the same time (even-refusals.ts). */
  readonly refusalWaitMs: number;
}

interface PasswordsOptions {
  /** The first peppers new hashes, all verify. */
  readonly encryptionKeys: readonly Uint8Array[];
  readonly policy?: PasswordPolicy;
  readonly maxParallel?: number;
  readonly queueMax?: number;
}

/** The least OWASP's Password Storage Cheat Sheet accepts: 19 MiB and about 24 ms each. */
const COST = { type: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1, version: 0x13 } as const;

/** Measured with that cost: 43 hashes/s on one core, 75 on two. */
const HASHES_PER_CORE_SECOND = 40;

/** Later, people reload the page and the work would be done for nobody. */
const QUEUE_SECONDS = 2;

/** libuv has four threads for argon2, name resolution and files together: one stays free for the other two. */
const THREADS_MAX = 3;

export function createPasswords({
  encryptionKeys,
  policy = createPasswordPolicy(),
  // More at once than cores would make each slower and starve token signing.
  maxParallel = Math.min(availableParallelism(), THREADS_MAX),
  queueMax = maxParallel * HASHES_PER_CORE_SECOND * QUEUE_SECONDS,
}: PasswordsOptions): Passwords {
  const peppers = encryptionKeys.map(derivePepper);
  const [current] = peppers;
  if (current === undefined) throw new TypeError('at least one encryption key is needed');
  const run = createWorkQueue({ maxParallel, queueMax, retryAfterSeconds: QUEUE_SECONDS });
  const workshop: Workshop = { peppers, current, run, refusals: createEvenRefusals() };

  return {
    policy,
    async hash(password) {
      const text = normalisePassword(password);
      if (isTooLong(text))
        throw new AppError('password_too_long', 'The password is too long.', { status: 400 });
      return run(() => pepperedHash(text, current));
    },
    wrap: (hash) => wrapImported(hash, { id: current.id, secret: current.importSecret }),
    async verify(stored, password) {
      const typed = formsOf(password);
      if (isTooLong(typed.text)) return { ok: false, refusalWaitMs: 0 };
      return isImported(stored)
        ? verifyImported(workshop, stored, typed)
        : verifyOwn(workshop, stored, typed);
    },
    async verifyDummy(password) {
      const typed = formsOf(password);
      return isTooLong(typed.text) ? { refusalWaitMs: 0 } : verifyNothing(workshop, typed);
    },
  };
}

/** What this process hashes with. */
interface Workshop {
  readonly peppers: readonly Pepper[];
  readonly current: Pepper;
  readonly run: ReturnType<typeof createWorkQueue>;
  readonly refusals: EvenRefusals;
}

interface Typed {
  readonly text: string;
  /** Other systems hashed what was typed as it came, and people type it on another keyboard now. */
  readonly forms: readonly string[];
}

function formsOf(password: string): Typed {
  const text = normalisePassword(password);
  return { text, forms: text === password ? [text] : [password, text] };
}

async function verifyNothing({ run, current, refusals }: Workshop, { text, forms }: Typed) {
  await run(() => pepperedHash(text, current));
  return { refusalWaitMs: refusals.waitMs(0, forms.length) };
}

async function verifyOwn(workshop: Workshop, stored: string, typed: Typed): Promise<Verification> {
  const { peppers, current, run, refusals } = workshop;
  const secret = pepperOf(stored, peppers);
  if (secret === undefined) return { ok: false, ...(await verifyNothing(workshop, typed)) };
  const verified = await run(async () => {
    const ok = await argon2Verify(stored, typed.text, { secret });
    return ok && !stored.startsWith(prefixOf(current))
      ? { ok, rehash: await pepperedHash(typed.text, current) }
      : { ok };
  });
  return { ...verified, refusalWaitMs: refusals.waitMs(0, typed.forms.length) };
}

async function verifyImported(workshop: Workshop, stored: string, typed: Typed): Promise<Verification> {
  const { peppers, current, run, refusals } = workshop;
  const imported = readImported(stored);
  const pepper = peppers.find(({ id }) => id === imported.keyId);
  if (pepper === undefined) return { ok: false, ...(await verifyNothing(workshop, typed)) };
  return run(async () => {
    const startedAtMs = performance.now();
    let ok = false;
    for (const form of typed.forms) ok = (await matchesImported(imported, pepper.importSecret, form)) || ok;
    const spentMs = performance.now() - startedAtMs;
    refusals.observe(settingOf(stored), spentMs / typed.forms.length);
    // Needed after a match, and what every other refusal costs without one.
    const rehash = await pepperedHash(typed.text, current);
    return { ok, ...(ok ? { rehash } : {}), refusalWaitMs: refusals.waitMs(spentMs, typed.forms.length) };
  });
}

/** As the configuration says. */
export function openPasswords(config: {
  readonly secrets: { readonly encryptionKeys: readonly Uint8Array[] };
  readonly authentication: { readonly passwordLengthMin: number };
  readonly brand: { readonly name: string };
}): Passwords {
  return createPasswords({
    encryptionKeys: config.secrets.encryptionKeys,
    policy: createPasswordPolicy({
      lengthMin: config.authentication.passwordLengthMin,
      serviceName: config.brand.name,
    }),
  });
}

/** Scheme and costs. */
function settingOf(imported: string): string {
  return imported.slice(0, imported.indexOf(',keyid='));
}

interface Pepper {
  readonly id: string;
  readonly secret: Buffer;
  /** The same for hashes that were imported. */
  readonly importSecret: Buffer;
}

/** Six bytes make eight base64 characters, the longest `keyid` the PHC string format allows. */
const PEPPER_ID_BYTES = 6;

function derivePepper(encryptionKey: Uint8Array): Pepper {
  const secret = deriveKey(encryptionKey, 'password-pepper');
  const id = hmac(secret, 'key id').subarray(0, PEPPER_ID_BYTES).toString('base64');
  return { id, secret, importSecret: deriveKey(encryptionKey, 'imported-password') };
}

async function pepperedHash(text: string, pepper: Pepper): Promise<string> {
  const encoded = await argon2Hash(text, { ...COST, secret: pepper.secret });
  // The library writes no `keyid`, and reads past it: only salt and digest are taken from what it wrote.
  return prefixOf(pepper) + encoded.split('$').slice(-2).join('$');
}

/** All that stands before the salt; a stored hash that begins otherwise was made with another cost or pepper. */
function prefixOf({ id }: Pepper): string {
  return `$argon2id$v=${COST.version}$m=${COST.memoryCost},t=${COST.timeCost},p=${COST.parallelism},keyid=${id}$`;
}

/** Empty for a hash without a pepper, as other servers make them; `undefined` when we have not its pepper. */
function pepperOf(stored: string, peppers: readonly Pepper[]): Buffer | undefined {
  const [, id] = /,keyid=([^,$]+)/.exec(stored) ?? [];
  return id === undefined ? Buffer.alloc(0) : peppers.find((pepper) => pepper.id === id)?.secret;
}
