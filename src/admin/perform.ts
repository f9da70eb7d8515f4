import type { Knex } from 'knex';
import type { z } from 'zod';

import { nested } from '../db/nested.ts';
import { isLockTimeout } from '../db/violation.ts';
import { AppError } from '../errors.ts';
import { httpError } from '../http/errors.ts';
import { revoking } from '../revocation/revoke.ts';
import type { AdminContext } from './context.ts';
import { checkIfMatch } from './etag.ts';
import { once, type Answered } from './idempotency.ts';
import type { Call, Operation, Operator } from './operation.ts';

/** A request for an operation, as it came in. */
export interface Asked {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly ifMatch?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

/**
 * The one sentence of every operation: may they → is it well-formed → in one transaction: was it done before, is it still what they
 * saw → do it. Throws `insufficient_scope` (403), `invalid_request` (400), `precondition_failed` (412), `busy` (409) and what the verbs
 * throw.
 */
export async function perform<
  P extends z.ZodObject,
  Q extends z.ZodObject,
  B extends z.ZodType,
  A extends z.ZodType,
>(
  context: AdminContext,
  operation: Operation<P, Q, B, A>,
  asked: Asked,
  operator: Operator,
): Promise<{ readonly status: number; readonly document: z.output<A>; readonly replayed?: true }> {
  requireScope(operator, operation.scope);
  const call: Call<z.output<P>, z.output<Q>, z.output<B>> = {
    params: parse(operation.params, asked.params ?? {}, 'path'),
    query: parse(operation.query, asked.query ?? {}, 'query'),
    body: parse(operation.body, asked.body, 'body'),
    operator,
  };
  const done = await (
    operation.method === 'GET' || operation.outside
      ? run(context, operation, call)
      : change(context, operation, call, asked)
  ).catch(refuseBusy);
  return done as Answered & { document: z.output<A> };
}

/** Who applies a large file holds what it changes for seconds. The server is well, so it is no 503. */
function refuseBusy(error: unknown): never {
  if (!isLockTimeout(error)) throw error;
  const words = 'Somebody else is changing this right now. Nothing was done; ask again.';
  throw new AppError('busy', words, { status: 409, cause: error, retryAfterSeconds: 2 });
}

/** Deadlocks with what else goes on are run again from the start. */
function change(
  context: AdminContext,
  operation: Operation,
  call: Call<Record<string, unknown>, Record<string, unknown>, unknown>,
  { ifMatch, idempotencyKey }: Asked,
): Promise<Answered> {
  return revoking(context, async (tx) => {
    const inside = { ...context, db: nested(context.db, tx) };
    const work = async (): Promise<Answered> => {
      await checkUnchanged(inside, tx, operation, call, ifMatch);
      return run(inside, operation, call);
    };
    if (idempotencyKey === undefined) return work();
    const { params, query, body, operator } = call;
    const fingerprint = JSON.stringify([operation.id, params, query, body ?? null]);
    return once(context, tx, { actor: operator.actor, key: idempotencyKey, fingerprint }, work);
  });
}

async function checkUnchanged(
  context: AdminContext,
  tx: Knex.Transaction,
  { resource }: Operation,
  { params }: Call<Record<string, unknown>, unknown, unknown>,
  ifMatch: string | undefined,
): Promise<void> {
  const [id] = Object.values(params);
  if (ifMatch === undefined || !resource || typeof id !== 'string') return;
  await resource.lock(tx, id);
  const document = await resource.read(context, id);
  // What is not there any more is for the verb to say.
  if (document !== undefined) checkIfMatch(ifMatch, document);
}

async function run(
  context: AdminContext,
  operation: Operation,
  call: Call<Record<string, unknown>, Record<string, unknown>, unknown>,
): Promise<Answered> {
  return { status: operation.status, document: await operation.run(context, call) };
}

/** RFC 6750 §3.1. */
export function requireScope({ scopes }: Operator, scope: string): void {
  if (scopes.has(scope)) return;
  throw new AppError('insufficient_scope', `This takes the scope ${scope}.`, {
    status: 403,
    detail: { scope },
  });
}

const PROBLEMS_MAX = 10;

function parse<T extends z.ZodType>(schema: T, value: unknown, where: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.slice(0, PROBLEMS_MAX).map(({ path, message }) => {
    const name = path.map(String).join('.');
    return name === '' ? `${where}: ${message}` : `${name}: ${message}`;
  });
  throw httpError('invalid_request', problems.join('; '));
}
