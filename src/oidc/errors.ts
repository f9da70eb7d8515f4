import type { EventEmitter } from 'node:events';

import type { Context, Middleware } from 'koa';
import type Provider from 'oidc-provider';

import { isUnavailable } from '../db/database.ts';
import { AppError } from '../errors.ts';
import type { HallContext } from './context.ts';
import { requestIdOf } from './library-context.ts';

const failures = new WeakMap<object, unknown>();

/** Events are for the log only: the library neither awaits nor catches what listens to them. */
export function reportErrors(hall: HallContext, provider: Provider): void {
  // The published types know each event by its own signature; these have the same, or are Koa's.
  const events: EventEmitter = provider;
  // Mostly a client that left before its answer. Without a listener Koa prints a stack.
  events.on('error', (error: unknown) => hall.log.debug({ err: error }, 'a response could not be finished'));
  provider.on('server_error', (ctx, error) => {
    failures.set(ctx, error);
    if (!isTemporary(error))
      hall.log.error({ err: error, requestId: requestIdOf(ctx) }, 'the provider failed');
  });
  for (const event of REFUSALS) {
    events.on(event, (ctx: Context, error: Error & { error_detail?: string }) => {
      hall.log.debug(
        { requestId: requestIdOf(ctx), event, reason: error.message, detail: error.error_detail },
        'refused',
      );
    });
  }
}

/** The library's events of a request that was refused, all with the context and the error. */
export const REFUSALS = [
  'authorization.error',
  'grant.error',
  'introspection.error',
  'revocation.error',
  'userinfo.error',
  'pushed_authorization_request.error',
  'device_authorization.error',
  'code_verification.error',
  'registration_create.error',
  'registration_read.error',
  'registration_update.error',
  'registration_delete.error',
  'end_session.error',
  'end_session_confirm.error',
  'device_resume.error',
] as const;

/**
 * The library renders whatever it cannot name as `server_error`. If the database is away that is not the truth: RFC 7009
 * §2.2.1 wants 503, so that a client knows its token may still live. The error goes on to http/handle-errors.ts.
 */
export function unavailableInsteadOfError(): Middleware {
  return async function rethrowTemporary(ctx, next) {
    await next();
    const failure = failures.get(ctx);
    if (failure !== undefined && isTemporary(failure)) throw failure;
  };
}

function isTemporary(error: unknown): boolean {
  return isUnavailable(error) || (error instanceof AppError && error.status === 503);
}
