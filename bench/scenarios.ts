import { openConnection, type Connection, type Reply } from './connection.ts';
import { createAssertions } from './assertions.ts';
import type { Step } from './load.ts';
import { OPAQUE_AUDIENCE } from './rivals/rival.ts';
import { API_SCOPES, REDIRECT_URI, type SecretClient } from './seed.ts';
import {
  authorizationRequest,
  codeIn,
  cookieHeader,
  signIn,
  storeCookies,
  unexpected,
  type Cookies,
} from './sign-in.ts';
import type { Target, TargetName } from './targets.ts';

export interface Scenario {
  readonly name: string;
  /** What one step is, and where it is not the same everywhere. */
  readonly description: string;
  readonly connections: readonly number[];
  /** Who is measured. */
  readonly compared: readonly TargetName[];
  prepare(target: Target, connections: readonly Connection[]): Promise<Prepared>;
}

export interface Prepared {
  readonly steps: readonly Step[];
  /** Work that would dim a burst, done before it; `steps` is a guess at how many it will take. */
  readonly beforeBurst?: (steps: number) => void;
}

const RIVALS: readonly TargetName[] = ['guichet', 'bare', 'plain'];
const CONNECTIONS = [16];
const MANY_CONNECTIONS = [16, 64];

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'client-credentials-basic',
    description: 'ES256 JWT for client_secret_basic',
    connections: MANY_CONNECTIONS,
    compared: [...RIVALS, 'unrecorded'],
    async prepare({ requests, credentials }, connections) {
      const request = requests.post('/token', CLIENT_CREDENTIALS, basic(credentials.machine));
      return {
        steps: connections.map((connection) => async () => {
          expectToken(await connection.send(request));
        }),
      };
    },
  },
  {
    name: 'client-credentials-jwt',
    description: 'ES256 JWT for private_key_jwt (ES256), each assertion once',
    connections: CONNECTIONS,
    compared: RIVALS,
    async prepare({ issuer, requests, credentials }, connections) {
      const assertions = createAssertions(credentials.signer, issuer);
      const assertionOf = () => ({
        ...CLIENT_CREDENTIALS,
        client_id: credentials.signer.id,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertions.next(),
      });
      return {
        steps: connections.map((connection) => async () => {
          expectToken(await connection.send(requests.post('/token', assertionOf())));
        }),
        beforeBurst: (steps) => assertions.provide(steps),
      };
    },
  },
  {
    name: 'refresh',
    description: 'rotation, new access and ID token; every connection follows a chain of its own',
    connections: CONNECTIONS,
    compared: RIVALS,
    prepare: eachWorker(async (target, connection, identifier) => {
      const tokens = await firstTokens(target, connection, identifier, new Map());
      return refreshing(target, connection, tokens.refresh_token);
    }),
  },
  {
    name: 'sso-code-flow',
    description: 'signed-in browser: /auth, code, /token with PKCE; ends with access, ID and refresh token',
    connections: CONNECTIONS,
    compared: RIVALS,
    prepare: eachWorker(async (target, connection, identifier) => {
      const cookies: Cookies = new Map();
      await firstTokens(target, connection, identifier, cookies);
      return async () => {
        const { url, verifier } = authorizationRequest(target);
        const reply = await connection.send(target.requests.get(url, cookieHeader(cookies)));
        storeCookies(cookies, reply);
        const code = codeIn(reply);
        if (code === undefined) throw unexpected(reply);
        await redeem(target, connection, code, verifier);
      };
    }),
  },
  {
    name: 'introspection',
    description: 'of a JWT; of an opaque token at the rivals, which refuse JWTs',
    connections: CONNECTIONS,
    compared: RIVALS,
    prepare: eachWorker(async ({ name, requests, credentials }, connection) => {
      const form = { ...CLIENT_CREDENTIALS, ...(name === 'guichet' ? {} : { resource: OPAQUE_AUDIENCE }) };
      const issued = await connection.send(requests.post('/token', form, basic(credentials.machine)));
      const { access_token: token } = JSON.parse(issued.body) as Tokens;
      const request = requests.post('/token/introspection', { token }, basic(credentials.machine));
      return async () => {
        const reply = await connection.send(request);
        if (reply.status !== 200 || !reply.body.includes('"active":true')) throw unexpected(reply);
      };
    }),
  },
  {
    name: 'jwks',
    description: 'three public keys',
    connections: CONNECTIONS,
    compared: RIVALS,
    prepare: eachWorker(async ({ requests }, connection) => {
      const request = requests.get('/jwks');
      return async () => {
        const reply = await connection.send(request);
        if (reply.status !== 200 || !reply.body.includes('ES256')) throw unexpected(reply);
      };
    }),
  },
  {
    name: 'sign-in',
    description: '/auth, sign-in page, password (argon2id), code; the rivals check no password',
    connections: CONNECTIONS,
    compared: ['guichet'],
    prepare: eachWorker(async (target, connection, identifier) => async () => {
      await signIn(target, connection, {
        url: authorizationRequest(target).url,
        cookies: new Map(),
        identifier,
      });
    }),
  },
];

const CLIENT_CREDENTIALS = { grant_type: 'client_credentials', scope: API_SCOPES[0] } as const;

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** Connections for one server, and everything that is ready before the first burst. */
export async function prepare(scenario: Scenario, target: Target, count: number) {
  const connections = await Promise.all(Array.from({ length: count }, () => openConnection(target.port)));
  const prepared = await scenario.prepare(target, connections);
  return { ...prepared, close: () => connections.forEach((connection) => connection.close()) };
}

function eachWorker(
  makeStep: (target: Target, connection: Connection, identifier: string) => Promise<Step>,
): Scenario['prepare'] {
  return async (target, connections) => {
    const { people } = target.credentials;
    const steps: Step[] = [];
    // One after the other: sign-ins at once would queue for the password hash.
    for (const [index, connection] of connections.entries()) {
      steps.push(await makeStep(target, connection, people[index % people.length] ?? ''));
    }
    return { steps };
  };
}

async function firstTokens(
  target: Target,
  connection: Connection,
  identifier: string,
  cookies: Cookies,
): Promise<Tokens> {
  const { url, verifier } = authorizationRequest(target);
  const code = await signIn(target, connection, { url, cookies, identifier });
  const reply = await redeem(target, connection, code, verifier);
  return JSON.parse(reply.body) as Tokens;
}

async function redeem(
  { requests, credentials }: Target,
  connection: Connection,
  code: string,
  verifier: string,
): Promise<Reply> {
  const form = {
    grant_type: 'authorization_code',
    redirect_uri: REDIRECT_URI,
    code,
    code_verifier: verifier,
  };
  const reply = await connection.send(requests.post('/token', form, basic(credentials.web)));
  expectTokens(reply);
  return reply;
}

function refreshing({ requests, credentials }: Target, connection: Connection, first: string): Step {
  const headers = basic(credentials.web);
  let current = first;
  return async () => {
    const form = { grant_type: 'refresh_token', refresh_token: current };
    const reply = await connection.send(requests.post('/token', form, headers));
    expectTokens(reply);
    const { refresh_token: next } = JSON.parse(reply.body) as Tokens;
    if (next === current) throw new Error('the refresh token was not rotated');
    current = next;
  };
}

function basic({ id, secret }: SecretClient): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
}

/** How a token begins whose header is `{"alg":"ES256","typ":"at+jw…`: the same kind of token from everybody. */
const ES256_ACCESS_TOKEN = `"access_token":"${Buffer.from('{"alg":"ES256","typ":"at+jw').toString('base64url')}`;

function expectToken(reply: Reply): void {
  if (reply.status !== 200 || !reply.body.includes(ES256_ACCESS_TOKEN)) throw unexpected(reply);
}

function expectTokens(reply: Reply): void {
  expectToken(reply);
  if (!reply.body.includes('"id_token":"') || !reply.body.includes('"refresh_token":"')) {
    throw unexpected(reply);
  }
}
