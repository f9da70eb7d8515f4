/**
 * The door for operators, as an API: `/admin/v1`. Everything that can be done is an operation, one entry of a table: how it is asked
 * for, which scope it takes, what goes in and what comes out. The table is the router, the OpenAPI document, and what the console
 * calls, so that none of them can do what another cannot. Operations call the verbs of the rooms and nothing else: no rule lives here but
 * who may do what (reach.ts). RFC 9110 (preconditions), RFC 9457 (errors), RFC 6750 and RFC 9449 (access).
 */
import type { Knex } from 'knex';
import type { z } from 'zod';

import type { Actor } from '../audit/event.ts';
import type { AdminContext } from './context.ts';
import type { AdminScope } from './scopes.ts';

/** Who asks: a person with an administrator's role, or a client of its own accord. */
export interface Operator {
  readonly actor: Actor;
  readonly scopes: ReadonlySet<string>;
  /** From where, if that is known: nobody shuts themselves out. */
  readonly address?: string | undefined;
}

export interface Call<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly operator: Operator;
}

/** One thing that several operations look at or change. */
export interface Resource {
  /** Takes its row's lock, so that what was read stays true until the change is made. */
  lock(tx: Knex.Transaction, id: string): Promise<unknown>;
  /** As the operation that shows it answers; undefined: there is none. */
  read(context: AdminContext, id: string): Promise<unknown>;
}

export interface Operation<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  B extends z.ZodType = z.ZodType,
  A extends z.ZodType = z.ZodType,
> {
  /** `noun.verb`; `operationId` of the OpenAPI document. */
  readonly id: string;
  /** The command line's own way to the same verb: a noun and a verb of `guichet`. */
  readonly command: string;
  /** Which member of a configuration file says the same; undefined: none does, because it happens once or is about people. */
  readonly inFiles?: string | undefined;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/admin/v1`; `{name}` is a member of `params`. */
  readonly path: string;
  readonly scope: AdminScope;
  readonly summary: string;
  readonly params: P;
  readonly query: Q;
  /** `z.undefined()` where there is none. */
  readonly body: B;
  readonly answer: A;
  readonly status: 200 | 201 | 204;
  /** Has an ETag, and takes If-Match (RFC 9110 §13.1.1); named by the path's first parameter. */
  readonly resource?: Resource | undefined;
  /**
   * No transaction around it, and so neither If-Match nor Idempotency-Key: it changes nothing, or calls others over the network, or
   * makes a key, which takes a second. Default: what it does is one transaction.
   */
  readonly outside?: true | undefined;
  run(context: AdminContext, call: Call<z.output<P>, z.output<Q>, z.output<B>>): Promise<z.output<A>>;
}
