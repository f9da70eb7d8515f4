/**
 * `npm run bench:verifier`: what an API pays for each token. The verifier of `guichet/resource-server`, which checks revocation,
 * against `jose.jwtVerify`, `express-oauth2-jwt-bearer` and `aws-jwt-verify`, which do not; all in this process, round by round,
 * with tokens of a real server. "new": each token for the first time, by a verifier that has just begun. "again": the same
 * tokens over and over, as clients present them.
 */
import { JwtVerifier } from 'aws-jwt-verify';
import { auth } from 'express-oauth2-jwt-bearer';
import type { Request, Response } from 'express';
import * as jose from 'jose';

import { createVerifier } from '../src/resource-server/create-verifier.ts';
import { startTestIssuer, type TestIssuer } from '../src/testing/start-test-issuer.ts';
import { median } from './load.ts';

const AUDIENCE = 'https://api.example/orders';
const TOKENS = 4000;
const AGAIN = 200;
const ROUNDS = 9;
/** Under way at once, as in a server. */
const PARALLEL = 16;

type Check = (token: string) => unknown;

interface Candidate {
  readonly name: string;
  open(): Promise<{ check: Check; close(): void }>;
}

async function bench(issuer: TestIssuer): Promise<void> {
  const tokens = await mint(issuer);
  const candidates = await listCandidates(issuer);
  console.log(
    `${TOKENS} tokens (ES256), ${ROUNDS} rounds, ${PARALLEL} at once; per second, median, and by jose's rate\n`,
  );
  for (const [what, sample, repeats] of [
    ['new', tokens, 1],
    ['again', tokens.slice(0, AGAIN), TOKENS / AGAIN],
  ] as const) {
    const rates = new Map(candidates.map(({ name }) => [name, [] as number[]]));
    for (let round = -1; round < ROUNDS; round += 1) {
      const first = Math.max(0, round) % candidates.length;
      for (const candidate of [...candidates.slice(first), ...candidates.slice(0, first)]) {
        const rate = await measure(candidate, sample, { repeats, warm: what === 'again' });
        // The first round is for the compiler.
        if (round >= 0) rates.get(candidate.name)?.push(rate);
      }
    }
    const base = rates.get('jose.jwtVerify') ?? [];
    for (const [name, all] of rates) {
      const ratio = median(all.map((rate, round) => rate / (base[round] ?? Number.NaN)));
      console.log(
        `${what.padEnd(6)} ${name.padEnd(28)} ${median(all).toFixed(0).padStart(9)}/s ${ratio.toFixed(2).padStart(7)} ×`,
      );
    }
    console.log('');
  }
}

async function measure(
  candidate: Candidate,
  tokens: readonly string[],
  { repeats, warm }: { repeats: number; warm: boolean },
): Promise<number> {
  const opened = await candidate.open();
  const { check } = opened;
  try {
    if (warm) for (const token of tokens) await check(token);
    const startedAt = performance.now();
    for (let repeat = 0; repeat < repeats; repeat += 1) await checkAll(check, tokens);
    return (tokens.length * repeats * 1000) / (performance.now() - startedAt);
  } finally {
    opened.close();
  }
}

async function checkAll(check: Check, tokens: readonly string[]): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let token = tokens[next++]; token !== undefined; token = tokens[next++]) await check(token);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

async function listCandidates(testIssuer: TestIssuer): Promise<Candidate[]> {
  const { issuer } = testIssuer;
  const response = await fetch(`${issuer}/jwks`);
  const jwks = (await response.json()) as jose.JSONWebKeySet;
  const options = await testIssuer.verifierOptions(AUDIENCE);
  return [
    {
      name: 'jose.jwtVerify',
      async open() {
        const keys = jose.createLocalJWKSet(jwks);
        const check: Check = (token) =>
          jose.jwtVerify(token, keys, { issuer, audience: AUDIENCE, typ: 'at+jwt', algorithms: ['ES256'] });
        return { check, close: ignore };
      },
    },
    {
      name: 'guichet, by stream',
      async open() {
        const verifier = createVerifier(options);
        await verifier.ready();
        return { check: (token) => verifier.verify(token), close: () => verifier.close() };
      },
    },
    {
      name: 'guichet, by lists',
      async open() {
        const verifier = createVerifier({ ...options, status: 'list' });
        await verifier.ready();
        return { check: (token) => verifier.verify(token), close: () => verifier.close() };
      },
    },
    {
      name: 'express-oauth2-jwt-bearer',
      async open() {
        const handler = auth({ issuerBaseURL: issuer, audience: AUDIENCE, tokenSigningAlg: 'ES256' });
        const check: Check = (token) =>
          new Promise<void>((resolve, reject) => {
            const headers = { authorization: `Bearer ${token}` };
            const request = { ...EXPRESS_REQUEST, headers } as unknown as Request;
            void handler(request, {} as Response, (error?: unknown) =>
              error ? reject(error instanceof Error ? error : new Error(String(error))) : resolve(),
            );
          });
        return { check, close: ignore };
      },
    },
    {
      name: 'aws-jwt-verify',
      async open() {
        const verifier = JwtVerifier.create({ issuer, audience: AUDIENCE, jwksUri: `${issuer}/jwks` });
        verifier.cacheJwks(jwks as unknown as Parameters<typeof verifier.cacheJwks>[0]);
        return { check: (token) => verifier.verify(token), close: ignore };
      },
    },
  ];
}

async function mint(issuer: TestIssuer): Promise<string[]> {
  const tokens: string[] = [];
  while (tokens.length < TOKENS) {
    const wishes = Array.from({ length: 100 }, () =>
      issuer.mintToken({ audience: AUDIENCE, scope: 'orders:read', expiresIn: 3600 }),
    );
    tokens.push(...(await Promise.all(wishes)));
  }
  return tokens;
}

/** What its middleware looks at. */
const EXPRESS_REQUEST = {
  query: {},
  method: 'GET',
  protocol: 'https',
  originalUrl: '/orders',
  app: { get: () => undefined },
  is: () => false,
  get: (name: string) => (name === 'Host' ? 'api.example' : undefined),
};

function ignore(): void {}

const issuer = await startTestIssuer();
try {
  await bench(issuer);
} finally {
  await issuer.close();
}
process.exit();
