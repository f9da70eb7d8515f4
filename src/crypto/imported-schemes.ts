import { createCipheriv, createHash, pbkdf2, scrypt, type ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';
import { argon2d, argon2i, argon2id, hash as argon2Hash } from 'argon2';

/**
 * What other systems make of a password, scheme by scheme, with the costs that are accepted: a sign-in may not become a way
 * to occupy the server, whoever wrote the hash. Costs of a scheme are whole numbers under the names of its PHC string.
 */
export interface SchemeRule {
  /** Least and most of each cost. All of them must be given. */
  readonly costs: Readonly<Record<string, readonly [min: number, max: number]>>;
  /** Whether costs that are acceptable alone are too much together. */
  isTooDear?(costs: Costs): boolean;
  readonly saltBytesMin: number;
  /** Whatever it makes fewer bytes of is guessed by chance, or cut off. */
  readonly digestBytesMin: number;
  /** Of the very bytes that were typed. `undefined`: nobody can have had this password there. */
  derive(password: string, of: Derivation): Promise<Buffer | undefined>;
}

export type Costs = Readonly<Record<string, number>>;

export interface Derivation {
  readonly costs: Costs;
  readonly salt: Buffer;
  /** Bytes of the digest. */
  readonly length: number;
}

export const SCHEMES = {
  bcrypt: {
    costs: { c: [4, 14] },
    saltBytesMin: 22,
    digestBytesMin: 31,
    derive: deriveBcrypt,
  },
  scrypt: {
    costs: { ln: [1, 20], r: [1, 64], p: [1, 16] },
    isTooDear: isDearScrypt,
    saltBytesMin: 1,
    digestBytesMin: 16,
    derive: (password, { costs, salt, length }) => deriveScrypt(password, { costs, salt, length }),
  },
  'firebase-scrypt': {
    costs: { ln: [1, 20], r: [1, 64] },
    isTooDear: isDearScrypt,
    saltBytesMin: 1,
    digestBytesMin: 32,
    derive: deriveFirebase,
  },
  'pbkdf2-sha1': pbkdf2Rule('sha1'),
  'pbkdf2-sha256': pbkdf2Rule('sha256'),
  'pbkdf2-sha512': pbkdf2Rule('sha512'),
  sha1: saltedRule('sha1', 20),
  sha256: saltedRule('sha256', 32),
  sha512: saltedRule('sha512', 64),
  argon2i: argon2Rule(argon2i),
  argon2d: argon2Rule(argon2d),
  argon2id: argon2Rule(argon2id),
} satisfies Record<string, SchemeRule>;

export type Scheme = keyof typeof SCHEMES;

export function isScheme(name: string): name is Scheme {
  return Object.hasOwn(SCHEMES, name);
}

/** Memory of scrypt in units of 128 bytes (RFC 7914 §2): 256 MiB. */
const SCRYPT_BLOCKS_MAX = 2 ** 21;
/** Twice that is its work, with everything it may do one after the other. */
const SCRYPT_WORK_MAX = 2 ** 22;

function isDearScrypt({ ln = 0, r = 0, p = 1 }: Costs): boolean {
  return 2 ** ln * r > SCRYPT_BLOCKS_MAX || 2 ** ln * r * p > SCRYPT_WORK_MAX;
}

const runScrypt = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

function deriveScrypt(password: string, { costs, salt, length }: Derivation): Promise<Buffer> {
  const { ln = 0, r = 0, p = 1 } = costs;
  // OpenSSL counts its working memory in as well, which grows with r and p.
  const maxmem = 128 * r * (2 ** ln + p + 8);
  return runScrypt(password, salt, length, { N: 2 ** ln, r, p, maxmem });
}

const FIREBASE_KEY_BYTES = 32;

/** Firebase encrypts the project's signer key under what scrypt makes; we keep the key stream, which needs no signer key. */
async function deriveFirebase(password: string, { costs, salt, length }: Derivation): Promise<Buffer> {
  const key = await deriveScrypt(password, { costs: { ...costs, p: 1 }, salt, length: FIREBASE_KEY_BYTES });
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/**
 * Salt and digest are the letters of bcrypt's own base64. bcrypt looks at 72 bytes and no more, so a longer password matches
 * by its beginning, as it did where it comes from; and what ended at a NUL there is no password here.
 */
async function deriveBcrypt(password: string, { costs, salt }: Derivation): Promise<Buffer | undefined> {
  const { c = 0 } = costs;
  // Only where it is needed: a native module costs every start.
  const { default: bcrypt } = await import('bcrypt');
  const setting = `$2b$${String(c).padStart(2, '0')}$${salt.toString('latin1')}`;
  const hash = await bcrypt.hash(password, setting);
  return password.includes('\0') ? undefined : Buffer.from(hash.slice(setting.length), 'latin1');
}

const runPbkdf2 = promisify(pbkdf2);

function pbkdf2Rule(digest: string): SchemeRule {
  return {
    costs: { i: [1, 1_000_000] },
    saltBytesMin: 1,
    digestBytesMin: 16,
    derive: (password, { costs, salt, length }) => runPbkdf2(password, salt, costs['i'] ?? 1, length, digest),
  };
}

/** LDAP's {SSHA} and its sisters: the digest of password and salt, in that order. */
function saltedRule(algorithm: string, digestBytes: number): SchemeRule {
  return {
    costs: {},
    saltBytesMin: 0,
    digestBytesMin: digestBytes,
    derive: async (password, { salt }) => createHash(algorithm).update(password).update(salt).digest(),
  };
}

/** Memory written in all passes, in KiB: 1 GiB, which takes about two seconds. */
const ARGON2_WORK_MAX = 2 ** 20;

function argon2Rule(type: typeof argon2d | typeof argon2i | typeof argon2id): SchemeRule {
  return {
    // m is in KiB: 256 MiB.
    costs: { v: [0x10, 0x13], m: [8, 262_144], t: [1, 10], p: [1, 16] },
    isTooDear: ({ m = 0, t = 0, p = 0 }) => m < 8 * p || m * t > ARGON2_WORK_MAX,
    saltBytesMin: 8,
    digestBytesMin: 16,
    derive: (password, { costs: { v, m, t, p }, salt, length }) =>
      argon2Hash(password, {
        raw: true,
        type,
        salt,
        hashLength: length,
        ...defined({ version: v, memoryCost: m, timeCost: t, parallelism: p }),
      }),
  };
}

function defined(costs: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(costs).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}
