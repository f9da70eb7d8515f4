import { generateKeyPairSync, randomBytes, type JsonWebKey, type KeyObject } from 'node:crypto';

import { createAccount } from '../src/accounts/create-account.ts';
import { createClient } from '../src/clients/create-client.ts';
import { CLIENT_KINDS } from '../src/clients/kinds.ts';
import { systemClock } from '../src/clock.ts';
import type { Config } from '../src/config/config.ts';
import { openPasswords } from '../src/crypto/passwords.ts';
import { deriveSecrets } from '../src/crypto/secrets.ts';
import { openDatabase, type ConnectionSettings } from '../src/db/database.ts';
import { migrate } from '../src/db/migrate.ts';
import { createApi } from '../src/resources/create-api.ts';
import type { IdTokenAlg } from './options.ts';

export const AUDIENCE = 'https://api.example/orders';
export const API_SCOPES = ['orders:read', 'orders:write'] as const;
export const REDIRECT_URI = 'https://app.example/callback';

/** Known to every server alike. */
export interface Credentials {
  /** Authenticates with a secret in the Authorization header. */
  readonly machine: SecretClient;
  /** Authenticates with signed assertions (`private_key_jwt`). */
  readonly signer: { readonly id: string; readonly key: KeyObject; readonly publicJwk: JsonWebKey };
  /** A web application of ours: no consent page, refresh tokens. */
  readonly web: SecretClient;
  /** Guichet's alone: the rivals sign anybody in. */
  readonly people: readonly string[];
  readonly password: string;
}

export interface SecretClient {
  readonly id: string;
  readonly secret: string;
}

/** Several, so that parallel sign-ins are not all of one person. */
const PEOPLE = 8;
const TOKEN_TTL_SECONDS = 3600;
const actor = 'cli';

/** What every test needs, through the verbs that an operator's commands use. */
export async function seed(
  config: Config,
  connection: ConnectionSettings,
  idTokenAlg: IdTokenAlg,
): Promise<Credentials> {
  const db = openDatabase({ connection, applicationName: 'guichet bench' });
  const ctx = { db, config, clock: systemClock, secrets: deriveSecrets(config) };
  try {
    await migrate(db);
    await createApi(ctx, {
      audience: AUDIENCE,
      name: 'Orders',
      scopes: API_SCOPES.map((name) => ({ name, description: name })),
      tokenTtlSeconds: TOKEN_TTL_SECONDS,
      actor,
    });
    const access = { apis: [{ audience: AUDIENCE, scopes: API_SCOPES }], defaultAudience: AUDIENCE, actor };
    const { key, publicJwk } = makeKey();
    const machine = await createClient(ctx, { metadata: MACHINE, ...access });
    const signer = await createClient(ctx, { metadata: signerMetadata(publicJwk), ...access });
    const web = await createClient(ctx, { metadata: webMetadata(idTokenAlg), firstParty: true, ...access });
    const password = randomBytes(18).toString('base64url');
    const passwords = openPasswords(config);
    const people = Array.from({ length: PEOPLE }, (_, index) => `person${index}@example.org`);
    for (const email of people) await createAccount({ ...ctx, passwords }, { email, password, actor });
    return {
      machine: { id: machine.client.id, secret: machine.secret ?? '' },
      signer: { id: signer.client.id, key, publicJwk },
      web: { id: web.client.id, secret: web.secret ?? '' },
      people,
      password,
    };
  } finally {
    await db.close();
  }
}

export const MACHINE = { ...CLIENT_KINDS.machine, client_name: 'Machine' };

export function signerMetadata(publicJwk: JsonWebKey) {
  return {
    ...CLIENT_KINDS.machine,
    client_name: 'Signer',
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    jwks: { keys: [publicJwk] },
  } as const;
}

export function webMetadata(idTokenAlg: IdTokenAlg) {
  return {
    ...CLIENT_KINDS.web,
    client_name: 'Web',
    redirect_uris: [REDIRECT_URI],
    id_token_signed_response_alg: idTokenAlg,
  } as const;
}

function makeKey(): { key: KeyObject; publicJwk: JsonWebKey } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { key: privateKey, publicJwk: { ...publicKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' } };
}
