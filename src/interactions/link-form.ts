import type { Context } from 'koa';
import { z } from 'zod';

import type { DeadLinkLocals } from '../../views/locals/registration.ts';
import { showPage } from '../http/show-page.ts';
import type { InteractionsContext } from './context.ts';

/** What a form behind a link may send. Empty for what it has no field for. */
export const linkForm = z.object({
  token: z.string().default(''),
  name: z
    .string()
    .default('')
    .transform((typed) => typed.trim()),
  password: z.string().default(''),
  repeat: z.string().default(''),
});

/** The token in the address. */
export function tokenOf(ctx: Context): string {
  const { token } = ctx.query;
  return typeof token === 'string' ? token : '';
}

/** One page for every link that does nothing any more, whatever the reason. */
export function showDeadLink(
  { views }: InteractionsContext,
  ctx: Context,
  about: DeadLinkLocals['about'],
): void {
  showPage(views, ctx, 'dead-link', { about }, { status: 400 });
}
