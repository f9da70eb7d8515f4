import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import path from 'node:path';

import type { ClientMetadata, JWK } from 'oidc-provider';

import { requestsTo, type Requests } from './connection.ts';
import type { IdTokenAlg } from './options.ts';
import type { Rival } from './rivals/rival.ts';
import { API_SCOPES, AUDIENCE, MACHINE, signerMetadata, webMetadata, type Credentials } from './seed.ts';
import { freePort, startProcess, type ServerProcess } from './server-process.ts';

/**
 * `bare`: oidc-provider with its in-memory storage, which forgets everything with its process. `plain`: oidc-provider on the
 * plain PostgreSQL adapter in rivals/. `unrecorded`: Guichet that writes no ledger.
 */
export type TargetName = 'guichet' | 'bare' | 'plain' | 'unrecorded';

/** One of the servers that are measured in turn. */
export interface Target {
  readonly name: TargetName;
  readonly issuer: string;
  readonly port: number;
  readonly process: ServerProcess;
  readonly requests: Requests;
  readonly credentials: Credentials;
}

const ROOT = path.join(import.meta.dirname, '..');

export interface GuichetStart {
  readonly prefix: readonly string[];
  /** Complete but for the port. */
  readonly env: Readonly<Record<string, string>>;
  readonly profileFolder?: string | undefined;
  /** Without its ledger, see rivals/unrecorded.ts. */
  readonly unrecorded?: boolean;
}

/** As `npm start` runs it, but for the port. */
export async function startGuichet({ prefix, env, profileFolder, unrecorded = false }: GuichetStart) {
  const port = await freePort();
  const preload =
    profileFolder === undefined ? [] : ['--import', path.join(import.meta.dirname, 'profiler.ts')];
  const server = await startProcess({
    prefix,
    args: [...preload, path.join(ROOT, unrecorded ? 'bench/rivals/unrecorded.ts' : 'src/main.ts')],
    env: {
      ...env,
      GUICHET_PORT: String(port),
      ...(profileFolder === undefined ? {} : { PROFILE_FOLDER: profileFolder }),
    },
    readyUrl: `http://127.0.0.1:${port}/readyz`,
  });
  const name = unrecorded ? 'unrecorded' : 'guichet';
  return { name, process: server, ...addresses(port) } as const;
}

export interface RivalStart {
  readonly prefix: readonly string[];
  readonly credentials: Credentials;
  readonly idTokenAlg: IdTokenAlg;
  readonly databaseUrl?: string;
}

export async function startRival({ prefix, credentials, idTokenAlg, databaseUrl }: RivalStart) {
  const port = await freePort();
  const { issuer } = addresses(port);
  const rival: Rival = {
    port,
    issuer,
    jwks: { keys: signingKeys() },
    clients: rivalClients(credentials, idTokenAlg),
    audience: AUDIENCE,
    scope: API_SCOPES.join(' '),
    databaseUrl,
  };
  const server = await startProcess({
    prefix,
    args: [path.join(import.meta.dirname, 'rivals/server.ts')],
    env: { RIVAL: JSON.stringify(rival) },
    readyUrl: `${issuer.replace('localhost', '127.0.0.1')}/jwks`,
  });
  return {
    name: databaseUrl === undefined ? 'bare' : 'plain',
    process: server,
    ...addresses(port),
  } as const;
}

function addresses(port: number): Pick<Target, 'issuer' | 'port' | 'requests'> {
  return { port, issuer: `http://localhost:${port}`, requests: requestsTo(`localhost:${port}`) };
}

function rivalClients({ machine, signer, web }: Credentials, idTokenAlg: IdTokenAlg): ClientMetadata[] {
  return [
    { ...clone(MACHINE), client_id: machine.id, client_secret: machine.secret },
    { ...clone(signerMetadata(signer.publicJwk)), client_id: signer.id },
    { ...clone(webMetadata(idTokenAlg)), client_id: web.id, client_secret: web.secret },
  ] as ClientMetadata[];
}

function clone<T>(value: T): T {
  return structuredClone(value);
}

/** As many and of the same kinds as Guichet makes at its first start. */
function signingKeys(): JWK[] {
  const jwk = ({ privateKey }: { privateKey: KeyObject }, alg: string): JWK =>
    Object.assign(privateKey.export({ format: 'jwk' }), { alg, use: 'sig' });
  return [
    jwk(generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'ES256'),
    jwk(generateKeyPairSync('rsa', { modulusLength: 2048 }), 'RS256'),
    jwk(generateKeyPairSync('ed25519'), 'EdDSA'),
  ];
}
