import { checkImported, unusable, type ImportedHash } from './imported-hash.ts';
import { isScheme, type Costs, type Scheme } from './imported-schemes.ts';

/**
 * Hashes as other systems write them in one text: bcrypt's `$2b$…`, PHC strings (argon2, scrypt, passlib's PBKDF2), LDAP's
 * `{SSHA}…`, Django's `pbkdf2_sha256$…`, ASP.NET Identity's base64, better-auth's `salt:key`. Read strictly: a hash that was
 * misread matches nothing, and its owner cannot sign in.
 */
export function readHash(text: string): ImportedHash {
  if (text.length > TEXT_LENGTH_MAX) throw unusable('it is too long');
  for (const { form, read } of FORMS) {
    const match = form.exec(text);
    if (match) return checkImported(read(match.groups ?? {}));
  }
  throw unusable('its form is not known');
}

const TEXT_LENGTH_MAX = 1000;

type Groups = Readonly<Record<string, string | undefined>>;

interface Form {
  readonly form: RegExp;
  readonly read: (groups: Groups) => ImportedHash;
}

const FORMS: readonly Form[] = [
  {
    // Differences between 2a, 2b and 2y concern implementations that were wrong; 2x is one of those. Django writes its name.
    form: /^(?:bcrypt\$)?\$2[aby]\$(?<cost>\d\d)\$(?<salt>[./A-Za-z0-9]{22})(?<digest>[./A-Za-z0-9]{31})$/,
    read: ({ cost, salt = '', digest = '' }) => ({
      scheme: 'bcrypt',
      costs: { c: Number(cost) },
      salt: Buffer.from(salt, 'latin1'),
      digest: Buffer.from(digest, 'latin1'),
    }),
  },
  {
    form: /^(?:argon2)?\$(?<scheme>argon2(?:i|d|id))\$(?:v=(?<version>\d+)\$)?(?<costs>[mtp]=\d+(?:,[mtp]=\d+){2})\$(?<salt>[^$]+)\$(?<digest>[^$]+)$/,
    // The costs come in any order; a string without a version is of 0x10, before there was another.
    read: ({ scheme, version = '16', costs = '', salt, digest }) => ({
      scheme: schemeNamed(scheme),
      costs: { v: Number(version), ...costsIn(costs) },
      ...base64Pair(salt, digest),
    }),
  },
  {
    form: /^\$scrypt\$(?<costs>ln=\d+,r=\d+,p=\d+)\$(?<salt>[^$]+)\$(?<digest>[^$]+)$/,
    read: ({ costs = '', salt, digest }) => ({
      scheme: 'scrypt',
      costs: costsIn(costs),
      ...base64Pair(salt, digest),
    }),
  },
  {
    // passlib: SHA-1 goes without a name.
    form: /^\$pbkdf2(?:-(?<hash>sha1|sha256|sha512))?\$(?<rounds>\d+)\$(?<salt>[^$]+)\$(?<digest>[^$]+)$/,
    read: ({ hash = 'sha1', rounds, salt, digest }) => ({
      scheme: schemeNamed(`pbkdf2-${hash}`),
      costs: { i: Number(rounds) },
      ...base64Pair(salt, digest),
    }),
  },
  {
    form: /^\{S?(?<hash>SHA(?:256|512)?)\}(?<body>[^$]+)$/i,
    read: ({ hash = '', body }) => readLdap(hash.toLowerCase(), body),
  },
  {
    // Django's salt is text.
    form: /^pbkdf2_(?<hash>sha1|sha256)\$(?<rounds>\d+)\$(?<salt>[^$]+)\$(?<digest>[^$]+)$/,
    read: ({ hash = '', rounds, salt = '', digest }) => ({
      scheme: schemeNamed(`pbkdf2-${hash}`),
      costs: { i: Number(rounds) },
      salt: Buffer.from(salt),
      digest: fromBase64(digest),
    }),
  },
  {
    form: /^scrypt\$(?<cost>\d+)\$(?<salt>[^$]+)\$(?<r>\d+)\$(?<p>\d+)\$(?<digest>[^$]+)$/,
    read: ({ cost, salt = '', r, p, digest }) => ({
      scheme: 'scrypt',
      costs: { ln: Math.log2(Number(cost)), r: Number(r), p: Number(p) },
      salt: Buffer.from(salt),
      digest: fromBase64(digest),
    }),
  },
  {
    // better-auth and Lucia: the salt is the text of its hex, not the bytes.
    form: /^(?:s2:)?(?<salt>[0-9a-f]{32}):(?<digest>[0-9a-f]{128})$/,
    read: ({ salt = '', digest = '' }) => ({
      scheme: 'scrypt',
      costs: { ln: 14, r: 16, p: 1 },
      salt: Buffer.from(salt),
      digest: Buffer.from(digest, 'hex'),
    }),
  },
  {
    form: /^(?<body>A[A-Za-z0-9+/]{40,}={0,2})$/,
    read: ({ body }) => readAspNet(fromBase64(body)),
  },
];

const LDAP_DIGESTS: Readonly<Record<string, { scheme: Scheme; bytes: number }>> = {
  sha: { scheme: 'sha1', bytes: 20 },
  sha256: { scheme: 'sha256', bytes: 32 },
  sha512: { scheme: 'sha512', bytes: 64 },
};

function readLdap(hash: string, body: string | undefined): ImportedHash {
  const found = LDAP_DIGESTS[hash];
  if (!found) throw unusable('its form is not known');
  const bytes = fromBase64(body);
  return {
    scheme: found.scheme,
    costs: {},
    digest: bytes.subarray(0, found.bytes),
    salt: bytes.subarray(found.bytes),
  };
}

const ASPNET_V2 = { saltBytes: 16, digestBytes: 32, rounds: 1000 };
const ASPNET_V3_PRFS: readonly Scheme[] = ['pbkdf2-sha1', 'pbkdf2-sha256', 'pbkdf2-sha512'];
const ASPNET_V3_HEAD_BYTES = 13;

/** Version 2: 0, salt, subkey. Version 3: 1, then pseudo-random function, rounds and the salt's length as big-endian words. */
function readAspNet(bytes: Buffer): ImportedHash {
  if (bytes[0] === 0 && bytes.length === 1 + ASPNET_V2.saltBytes + ASPNET_V2.digestBytes) {
    return {
      scheme: 'pbkdf2-sha1',
      costs: { i: ASPNET_V2.rounds },
      salt: bytes.subarray(1, 1 + ASPNET_V2.saltBytes),
      digest: bytes.subarray(1 + ASPNET_V2.saltBytes),
    };
  }
  const scheme = bytes.length > ASPNET_V3_HEAD_BYTES ? ASPNET_V3_PRFS[bytes.readUInt32BE(1)] : undefined;
  if (bytes[0] !== 1 || scheme === undefined) throw unusable('its form is not known');
  const saltEnd = ASPNET_V3_HEAD_BYTES + bytes.readUInt32BE(9);
  return {
    scheme,
    costs: { i: bytes.readUInt32BE(5) },
    salt: bytes.subarray(ASPNET_V3_HEAD_BYTES, saltEnd),
    digest: bytes.subarray(saltEnd),
  };
}

function schemeNamed(name = ''): Scheme {
  if (!isScheme(name)) throw unusable('its form is not known');
  return name;
}

function costsIn(text: string): Costs {
  return Object.fromEntries(
    [...text.matchAll(/([a-z]+)=(\d+)/g)].map(([, name = '', cost]) => [name, Number(cost)]),
  );
}

function base64Pair(salt: string | undefined, digest: string | undefined): { salt: Buffer; digest: Buffer } {
  return { salt: fromBase64(salt), digest: fromBase64(digest) };
}

/** Padded or not; passlib writes `.` for `+`. Node's own decoder passes over whatever is not base64. */
export function fromBase64(text = ''): Buffer {
  const standard = text.replaceAll('.', '+').replaceAll('-', '+').replaceAll('_', '/');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(standard)) throw unusable('it is not base64 where it should be');
  return Buffer.from(standard, 'base64');
}
