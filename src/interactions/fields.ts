import type { Context } from 'koa';

import type { Secrets } from '../crypto/secrets.ts';
import { AppError } from '../errors.ts';
import { checkCsrf } from '../http/csrf.ts';
import { httpError } from '../http/errors.ts';
import { readForm } from '../http/read-body.ts';
import type { InteractionsContext, Visit } from './context.ts';

/** The posted form as an object. A field given twice means two things to two readers, so it is refused. */
export function fieldsOf(ctx: Context): Record<string, string> {
  const form = readForm(ctx);
  const names = [...form.keys()];
  if (new Set(names).size < names.length) throw httpError('invalid_request', 'A field was sent twice.');
  return Object.fromEntries(form);
}

/** Whether the form came from a page of this interaction. People with a stale page get it again instead of an error. */
export function isOurForm({ secrets }: InteractionsContext, { ctx, interaction }: Visit): boolean {
  return isFormOf(secrets, ctx, interaction.uid);
}

/** The same for a page outside of an interaction. */
export function isFormOf(secrets: Secrets, ctx: Context, binding: string): boolean {
  try {
    checkCsrf(secrets, ctx, binding);
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === 'csrf_failed') return false;
    throw error;
  }
}
