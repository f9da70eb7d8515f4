import { z } from 'zod';

import { OPERATIONS } from '../../../src/admin/operations.ts';
import type { Operation } from '../../../src/admin/operation.ts';
import { EVERY_SCOPE, type AdminScene } from '../scene.ts';
import { EXAMPLES } from './examples.ts';
import { REQUESTS, type Request, type World } from './requests.ts';
import { mutated, pick, seeded, toText, valid, type Draw, type Schema } from './generate.ts';

export interface FuzzReport {
  readonly requests: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Operations that were never done. */
  readonly neverDone: readonly string[];
  readonly slowestMs: number;
  /** Everything that is not as it should be; empty. */
  readonly problems: readonly string[];
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Described {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body: Schema | undefined;
}

const problemSchema = z.strictObject({
  type: z.string().startsWith('urn:guichet:error:'),
  title: z.string().min(1),
  status: z.int(),
  code: z.string().min(1),
  detail: z.string(),
  request_id: z.string().startsWith('req_'),
});

/** How many of the later requests are about something that was made for them; half of those have something wrong in them. */
const MADE = 0.1;
const SLOW_MS = 2000;
/** RSA: a second each on an idle machine. */
const MAKES_KEYS = ['keys.rotate', 'keys.revoke', 'identity-providers.create'];
/** That nobody answers there takes as long as the machine takes to say so. */
const CALLS_OTHERS = ['identity-providers.check', 'webhooks.test'];
const WAITS = new Set([...MAKES_KEYS, ...CALLS_OTHERS]);
const SLOW_WITH_KEYS_MS = 15_000;

/** Drives every operation of the served document with valid, borderline and broken input. */
export async function fuzz(
  admin: AdminScene,
  { requests, seed, known }: { requests: number; seed: number; known: readonly string[] },
): Promise<FuzzReport> {
  const document = await fetch(`${admin.issuer}/admin/v1/openapi.json`).then((answer) => answer.json());
  const described = describedOf(document as Document);
  const draw = seeded(seed);
  const statuses: Record<string, number> = {};
  const done = new Set<string>();
  const problems: string[] = [];
  const ids: Ids = { known, ofNoun: new Map() };
  let token = admin.owner;
  let slowestMs = 0;
  let next = 0;
  const world: World = {
    scene: admin,
    async call(method, path, body) {
      for (let tries = 1; ; tries += 1) {
        const answer = await admin.call(method, path, { body, token });
        if (answer.status < 300) return answer.body;
        if (answer.status !== 401 || tries === 3)
          throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
        token = await admin.tokenFor(EVERY_SCOPE);
      }
    },
  };
  async function askFor(operation: Described, isFirst: boolean): Promise<Asked> {
    const make = REQUESTS[operation.operationId];
    if (make && (isFirst || draw() < MADE)) {
      const request = await Promise.resolve(make(world)).catch((error: unknown) => {
        // Later there may be as many of them as there may be.
        if (isFirst) throw error;
      });
      if (request) return toAsked(operation, request, isFirst ? undefined : draw);
    }
    return ask(operation, draw, ids);
  }
  /** In the first round every operation is asked for what can be done, alone, so that none takes away what another is about. */
  async function work(until: number): Promise<void> {
    while (next < until) {
      const operation = described[next % described.length];
      const isFirst = next < described.length;
      next += 1;
      if (!operation) return;
      const asked = await askFor(operation, isFirst);
      const answer = await send(admin, operation, asked, token);
      // On a machine that is busy with something else, once says nothing.
      for (let again = 0; again < 2 && answer.tookMs > slowMs(operation); again += 1) {
        const { tookMs } = await send(admin, operation, asked, token);
        answer.tookMs = Math.min(answer.tookMs, tookMs);
      }
      const { text, tookMs } = answer;
      slowestMs = Math.max(slowestMs, tookMs);
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      const isDone = answer.status < 400;
      if (isFirst && !isDone)
        problems.push(`${operation.operationId}: ${answer.status} ${text.slice(0, 300)}`);
      if (isDone) done.add(operation.operationId);
      if (isDone && text !== '') harvest(operation, text, ids);
      // Some requests end everything that was issued before.
      if (answer.status === 401) token = await admin.tokenFor(EVERY_SCOPE);
      const problem = wrongWith(operation.operationId, { status: answer.status, text, tookMs });
      if (problem !== undefined)
        problems.push(
          `${operation.operationId} ${asked.path.slice(0, 200)} ${asked.body?.slice(0, 300)}: ${problem}`,
        );
    }
  }
  await work(Math.min(requests, described.length));
  await Promise.all(Array.from({ length: 4 }, () => work(requests)));
  const neverDone = described.map(({ operationId }) => operationId).filter((id) => !done.has(id));
  return { requests: next, statuses, neverDone, slowestMs: Math.round(slowestMs), problems };
}

function slowMs({ operationId }: Pick<Described, 'operationId'>): number {
  return WAITS.has(operationId) ? SLOW_WITH_KEYS_MS : SLOW_MS;
}

async function send(
  { issuer }: AdminScene,
  { method }: Described,
  { path, body, headers }: Asked,
  token: string,
): Promise<{ status: number; text: string; tookMs: number }> {
  const began = performance.now();
  const answer = await fetch(`${issuer}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  return { status: answer.status, text: await answer.text(), tookMs: performance.now() - began };
}

function wrongWith(
  operationId: string,
  { status, text, tookMs }: { status: number; text: string; tookMs: number },
): string | undefined {
  if (status >= 500) return `${status} ${text.slice(0, 300)}`;
  if (tookMs > slowMs({ operationId })) return `${Math.round(tookMs)} ms`;
  const operation: Operation | undefined = OPERATIONS.find(({ id }) => id === operationId);
  if (!operation) return 'is in the document and not in the table';
  if (status === 304) return undefined;
  if (status < 300) {
    if (status !== operation.status) return `${status} instead of ${operation.status}`;
    if (status === 204) return text === '' ? undefined : `204 with ${text}`;
    const read = operation.answer.safeParse(JSON.parse(text));
    return read.success ? undefined : z.prettifyError(read.error).slice(0, 500);
  }
  const read = problemSchema.safeParse(JSON.parse(text));
  if (!read.success) return `no problem document: ${text.slice(0, 300)}`;
  return read.data.status === status ? undefined : `${status} says ${read.data.status}`;
}

const IDS_MAX = 40;

function harvest(operation: Described, text: string, { ofNoun }: Ids): void {
  const answer = z.record(z.string(), z.unknown()).safeParse(JSON.parse(text)).data ?? {};
  const lists = Object.values(answer).filter((value): value is unknown[] => Array.isArray(value));
  const found = [answer, ...lists.flat()].flatMap((one) => {
    const named = z.object({
      id: z.string(),
      client_id: z.string(),
      kid: z.string(),
      request_id: z.string(),
    });
    const { id, client_id: clientId, kid, request_id: requestId } = named.partial().safeParse(one).data ?? {};
    return id ?? clientId ?? kid ?? requestId ?? [];
  });
  if (operation.path.split('/').length > 5) return;
  const noun = nounOf(operation);
  ofNoun.set(noun, [...found, ...(ofNoun.get(noun) ?? [])].slice(0, IDS_MAX));
}

function nounOf({ path }: Described): string {
  return path.split('/')[3] ?? '';
}

interface Asked {
  readonly path: string;
  readonly body: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

interface Ids {
  readonly known: readonly string[];
  /** What answers have named, by the first part of their path. */
  readonly ofNoun: Map<string, string[]>;
}

function ask(operation: Described, draw: Draw, { known: ids, ofNoun }: Ids): Asked {
  const isBroken = draw() > 0.5;
  const value = (schema: Schema) => {
    const good = valid(schema, draw, ids);
    return isBroken && draw() < 0.3 ? mutated(good, draw) : good;
  };
  let path = operation.path;
  const query: string[] = [];
  const headers: Record<string, string> = {};
  for (const { name, in: place, required, schema } of operation.parameters) {
    const named = ofNoun.get(nounOf(operation)) ?? [];
    if (place === 'path') {
      const id = named.length > 0 && draw() < 0.6 ? pick(draw, named) : value(schema);
      path = path.replace(`{${name}}`, encode(id) || 'x');
    } else if (place === 'query' && (required === true || draw() < 0.3)) {
      query.push(`${name}=${encode(value(schema))}`);
      if (isBroken && draw() < 0.05) query.push(`${name}=twice`);
    } else if (place === 'header' && draw() < 0.1)
      headers[name] = pick(draw, ['*', '"x"', 'W/"x"', 'x'.repeat(300)]);
  }
  if (isBroken && draw() < 0.1) query.push('__proto__=1');
  const body = bodyOf(operation, { isBroken, draw, ids });
  return { path: query.length > 0 ? `${path}?${query.join('&')}` : path, body, headers };
}

function toAsked(
  operation: Described,
  { params = {}, query = {}, body }: Request,
  draw: Draw | undefined,
): Asked {
  let path = operation.path;
  for (const [name, value] of Object.entries(params))
    path = path.replace(`{${name}}`, encodeURIComponent(value));
  const search = new URLSearchParams(query).toString();
  const isBroken = draw !== undefined && draw() < 0.5;
  const sent = isBroken ? mutated(body, draw) : body;
  return {
    path: search === '' ? path : `${path}?${search}`,
    body: body === undefined ? undefined : (JSON.stringify(sent) ?? 'undefined'),
    headers: {},
  };
}

function bodyOf(
  { operationId, body, method }: Described,
  { isBroken, draw, ids }: { isBroken: boolean; draw: Draw; ids: readonly string[] },
): string | undefined {
  if (!body) return isBroken && method !== 'GET' && draw() < 0.1 ? '{}' : undefined;
  const example = EXAMPLES[operationId];
  const good = example && draw() < 0.5 ? example(ids, draw) : valid(body, draw, ids);
  return isBroken ? toText(mutated(good, draw), draw) : JSON.stringify(good);
}

function encode(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return encodeURIComponent(text.toWellFormed()).slice(0, 3000).replace(/%.?$/, '');
}

type Document = Readonly<{
  paths: Record<
    string,
    Record<
      string,
      {
        operationId: string;
        parameters: Parameter[];
        requestBody?: { content: { 'application/json': { schema: Schema } } };
      }
    >
  >;
}>;

function describedOf({ paths }: Document): Described[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, parameters, requestBody }]) => ({
      operationId,
      method: method.toUpperCase(),
      path,
      parameters,
      body: requestBody?.content['application/json'].schema,
    })),
  );
}
