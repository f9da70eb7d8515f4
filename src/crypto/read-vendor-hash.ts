import { z } from 'zod';

import { checkImported, unusable, type ImportedHash } from './imported-hash.ts';
import { isScheme } from './imported-schemes.ts';
import { fromBase64 } from './read-hash.ts';

/** Hashes that other products export as objects. */

const keycloakSecret = z.object({ value: z.string(), salt: z.string() });

/** Keycloak writes the cost of argon2 as lists of one text each. */
const firstText = z.tuple([z.string()], z.string()).transform(([text]) => text);

const keycloakData = z.object({
  hashIterations: z.int(),
  algorithm: z.string(),
  additionalParameters: z.record(z.string(), firstText).optional(),
});

/** Older exports have everything in one object. */
const oldKeycloakCredential = z.object({
  algorithm: z.string(),
  hashIterations: z.int(),
  hashedSaltedValue: z.string(),
  salt: z.string(),
});

const keycloakCredential = z.object({
  secretData: jsonText(keycloakSecret),
  credentialData: jsonText(keycloakData),
});

/** A credential of the type `password` of Keycloak's user representation. Throws `unusable_hash`. */
export function readKeycloakHash(credential: unknown): ImportedHash {
  const { algorithm, hashIterations, salt, value, additionalParameters = {} } = keycloakParts(credential);
  if (algorithm === 'argon2')
    return readKeycloakArgon2({ hashIterations, salt, value, additionalParameters });
  const scheme = algorithm === 'pbkdf2' ? 'pbkdf2-sha1' : algorithm;
  if (!scheme.startsWith('pbkdf2-') || !isScheme(scheme)) throw unusable('its algorithm is not known');
  return checkImported({
    scheme,
    costs: { i: hashIterations },
    salt: fromBase64(salt),
    digest: fromBase64(value),
  });
}

interface KeycloakParts extends z.output<typeof keycloakData> {
  readonly salt: string;
  readonly value: string;
}

function keycloakParts(credential: unknown): KeycloakParts {
  const old = oldKeycloakCredential.safeParse(credential);
  if (old.success) return { ...old.data, value: old.data.hashedSaltedValue };
  const parsed = keycloakCredential.safeParse(credential);
  if (!parsed.success)
    throw unusable('a credential needs secretData and credentialData as Keycloak exports them');
  return { ...parsed.data.credentialData, ...parsed.data.secretData };
}

const ARGON2_VERSIONS: Readonly<Record<string, number>> = { '1.0': 0x10, '1.3': 0x13 };

function readKeycloakArgon2({
  hashIterations,
  salt,
  value,
  additionalParameters: { type = '', version = '', memory, parallelism },
}: Omit<KeycloakParts, 'algorithm' | 'additionalParameters'> & {
  additionalParameters: Readonly<Record<string, string>>;
}): ImportedHash {
  const scheme = `argon2${type}`;
  if (!isScheme(scheme)) throw unusable('its algorithm is not known');
  const costs = {
    v: ARGON2_VERSIONS[version] ?? 0,
    m: Number(memory),
    t: hashIterations,
    p: Number(parallelism),
  };
  return checkImported({ scheme, costs, salt: fromBase64(salt), digest: fromBase64(value) });
}

/** The password hash parameters of a Firebase project. */
export interface FirebaseHashConfig {
  readonly signerKey: Buffer;
  readonly saltSeparator: Buffer;
  readonly rounds: number;
  readonly memCost: number;
}

const SIGNER_KEY_BYTES = 64;

/** The block that the Firebase console shows under “Password hash parameters”. Throws `unusable_hash`. */
export function readFirebaseConfig(text: string): FirebaseHashConfig {
  const { algorithm, base64_signer_key, base64_salt_separator, rounds, mem_cost } = Object.fromEntries(
    [...text.matchAll(/^\s*"?(\w+)"?\s*:\s*"?([^\s",]+)"?,?\s*$/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  );
  if (algorithm !== 'SCRYPT') throw unusable('the hash parameters must have the algorithm SCRYPT');
  const signerKey = fromBase64(base64_signer_key);
  if (signerKey.length !== SIGNER_KEY_BYTES) throw unusable('base64_signer_key must have 64 bytes');
  return {
    signerKey,
    saltSeparator: fromBase64(base64_salt_separator),
    rounds: Number(rounds),
    memCost: Number(mem_cost),
  };
}

/** `passwordHash` and `salt` of `firebase auth:export`. Throws `unusable_hash`. */
export function readFirebaseHash(
  { passwordHash, salt }: { passwordHash: string; salt: string },
  { signerKey, saltSeparator, rounds, memCost }: FirebaseHashConfig,
): ImportedHash {
  const hash = fromBase64(passwordHash);
  if (hash.length !== signerKey.length) throw unusable('it is not one of this Firebase project');
  return checkImported({
    scheme: 'firebase-scrypt',
    costs: { ln: memCost, r: rounds },
    salt: Buffer.concat([fromBase64(salt), saltSeparator]),
    // It is the signer key encrypted with a stream: what is left without the signer key is the stream.
    digest: Buffer.from(hash.map((byte, index) => byte ^ (signerKey[index] ?? 0))),
  });
}

function jsonText<T extends z.ZodType>(schema: T) {
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue('is not JSON');
        return z.NEVER;
      }
    })
    .pipe(schema);
}
