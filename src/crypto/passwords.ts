import { availableParallelism } from 'node:os';
import { argon2id, hash as argon2Hash, verify as argon2Verify } from 'argon2';
import { AppError } from '../errors.ts';
import { hmac } from './digest.ts';
import { createPasswordPolicy, type PasswordPolicy } from './password-policy.ts';
import { isTooLong, normalisePassword } from './password-text.ts';
import { deriveKey } from './secrets.ts';
import { createWorkQueue } from './work-queue.ts';

/**
 * Password hashes: argon2id with a pepper (argon2's own secret input, RFC 9106 §3.1) derived from
 * GUICHET_ENCRYPTION_KEY, so that a stolen table alone cannot be attacked. A stored hash is a PHC string whose standard
 * `keyid` parameter names its pepper. The rules for choosing a password are in password-policy.ts.
 *
 * Every method throws `overloaded` (503) when the queue is full.
 */
export interface Passwords {
  /** Which passwords may be chosen. `hash` does not ask it: whoever lets somebody choose does. */
  readonly policy: PasswordPolicy;
  /** Throws `password_too_long` (400). */
  hash(password: string): Promise<string>;
  /**
   * `rehash` replaces the stored string: its parameters or pepper are not today's. A hash whose pepper is no longer
   * configured matches nothing, at the usual cost; only a reset helps that account.
   */
  verify(stored: string, password: string): Promise<{ ok: boolean; rehash?: string }>;
  /** Takes as long as `verify`: for accounts that do not exist, are disabled or have no password. */
  verifyDummy(password: string): Promise<void>;
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

  return {
    policy,
    async hash(password) {
      const text = normalisePassword(password);
      if (isTooLong(text))
        throw new AppError('password_too_long', 'The password is too long.', { status: 400 });
      return run(() => pepperedHash(text, current));
    },
    async verify(stored, password) {
      const text = normalisePassword(password);
      if (isTooLong(text)) return { ok: false };
      const secret = pepperOf(stored, peppers);
      if (secret === undefined) {
        await run(() => pepperedHash(text, current));
        return { ok: false };
      }
      return run(async () => {
        const ok = await argon2Verify(stored, text, { secret });
        return ok && !stored.startsWith(prefixOf(current))
          ? { ok, rehash: await pepperedHash(text, current) }
          : { ok };
      });
    },
    async verifyDummy(password) {
      const text = normalisePassword(password);
      if (!isTooLong(text)) await run(() => pepperedHash(text, current));
    },
  };
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

interface Pepper {
  readonly id: string;
  readonly secret: Buffer;
}

/** Six bytes make eight base64 characters, the longest `keyid` the PHC string format allows. */
const PEPPER_ID_BYTES = 6;

function derivePepper(encryptionKey: Uint8Array): Pepper {
  const secret = deriveKey(encryptionKey, 'password-pepper');
  return { secret, id: hmac(secret, 'key id').subarray(0, PEPPER_ID_BYTES).toString('base64') };
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
