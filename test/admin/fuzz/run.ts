import { z } from 'zod';

import { OPERATIONS } from '../../../src/admin/operations.ts';
import type { Operation } from '../../../src/admin/operation.ts';
import type { AdminScene } from '../scene.ts';
import { mutated, pick, seeded, toText, valid, type Draw, type Schema } from './generate.ts';

export interface FuzzReport {
  readonly requests: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Operations that were never answered as their document says they may be. */
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

const SLOW_MS = 2000;

/** Ends what the fuzzer itself stands on: they are only asked for what does not exist. */
const KEEPS = new Set(['clients.disable', 'clients.delete', 'tokens.revoke', 'keys.revoke', 'apis.disable']);

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
  let slowestMs = 0;
  let next = 0;
  async function work(): Promise<void> {
    while (next < requests) {
      const operation = described[next % described.length];
      next += 1;
      if (!operation) return;
      const asked = ask(operation, draw, known);
      const began = performance.now();
      const answer = await fetch(`${admin.issuer}${asked.path}`, {
        method: operation.method,
        headers: {
          authorization: `Bearer ${admin.owner}`,
          ...(asked.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...asked.headers,
        },
        ...(asked.body === undefined ? {} : { body: asked.body }),
      });
      const text = await answer.text();
      const tookMs = performance.now() - began;
      slowestMs = Math.max(slowestMs, tookMs);
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      if (answer.ok) done.add(operation.operationId);
      const problem = wrongWith(operation.operationId, { status: answer.status, text, tookMs });
      if (problem !== undefined)
        problems.push(
          `${operation.operationId} ${asked.path.slice(0, 200)} ${asked.body?.slice(0, 300)}: ${problem}`,
        );
    }
  }
  await Promise.all(Array.from({ length: 4 }, work));
  const neverDone = described.map(({ operationId }) => operationId).filter((id) => !done.has(id));
  return { requests: next, statuses, neverDone, slowestMs: Math.round(slowestMs), problems };
}

function wrongWith(
  operationId: string,
  { status, text, tookMs }: { status: number; text: string; tookMs: number },
): string | undefined {
  if (status >= 500) return `${status} ${text.slice(0, 300)}`;
  if (tookMs > SLOW_MS) return `${Math.round(tookMs)} ms`;
  const operation: Operation | undefined = OPERATIONS.find(({ id }) => id === operationId);
  if (!operation) return 'is in the document and not in the table';
  if (status === 304) return undefined;
  if (status < 300) {
    if (status !== operation.status) return `${status} instead of ${operation.status}`;
    const read = operation.answer.safeParse(JSON.parse(text));
    return read.success ? undefined : z.prettifyError(read.error).slice(0, 500);
  }
  const read = problemSchema.safeParse(JSON.parse(text));
  if (!read.success) return `no problem document: ${text.slice(0, 300)}`;
  return read.data.status === status ? undefined : `${status} says ${read.data.status}`;
}

interface Asked {
  readonly path: string;
  readonly body: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

function ask(operation: Described, draw: Draw, known: readonly string[]): Asked {
  const kind = draw();
  const isBroken = kind > 0.5;
  const ids = KEEPS.has(operation.operationId) ? ['nobody'] : known;
  const value = (schema: Schema) => {
    const good = valid(schema, draw, ids);
    return isBroken && draw() < 0.3 ? mutated(good, draw) : good;
  };
  let path = operation.path;
  const query: string[] = [];
  const headers: Record<string, string> = {};
  for (const { name, in: place, required, schema } of operation.parameters) {
    if (place === 'path') path = path.replace(`{${name}}`, encode(value(schema)) || 'x');
    else if (place === 'query' && (required === true || draw() < 0.3)) {
      query.push(`${name}=${encode(value(schema))}`);
      if (isBroken && draw() < 0.05) query.push(`${name}=twice`);
    } else if (place === 'header' && draw() < 0.1)
      headers[name] = pick(draw, ['*', '"x"', 'W/"x"', 'x'.repeat(300)]);
  }
  if (isBroken && draw() < 0.1) query.push('__proto__=1');
  const body = bodyOf(operation, { isBroken, draw, ids });
  return { path: query.length > 0 ? `${path}?${query.join('&')}` : path, body, headers };
}

function bodyOf(
  { body, method }: Described,
  { isBroken, draw, ids }: { isBroken: boolean; draw: Draw; ids: readonly string[] },
): string | undefined {
  if (!body) return isBroken && method !== 'GET' && draw() < 0.1 ? '{}' : undefined;
  const good = valid(body, draw, ids);
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
