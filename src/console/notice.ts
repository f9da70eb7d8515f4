import type { Context } from 'koa';
import { z } from 'zod';

import type { ConsoleNotice } from '../../views/locals/console.ts';
import type { Seal } from '../crypto/seal.ts';

/**
 * What has just been done, for the screen that comes after the redirect, with a new secret where there is one. It travels sealed
 * in a cookie of the operator's browser and not in the address: no link can make a screen say something that has not happened,
 * and nothing that can be read is stored or logged.
 */

/** Long enough for a redirect over a slow line. */
const LIFETIME_MS = 60_000;

/** Browsers take 4096 bytes of a cookie with its name and attributes; base64url makes four of three. */
const TEXT_BYTES_MAX = 2700;

const notice = z.object({
  message: z.string(),
  command: z.string().optional(),
  configuration: z.string().optional(),
  secret: z.object({ label: z.string(), value: z.string() }).optional(),
}) satisfies z.ZodType<ConsoleNotice>;

export function leaveNotice({ seal }: { seal: Seal }, ctx: Context, left: ConsoleNotice): void {
  const sealed = seal.seal(Buffer.from(fitting(left)), AAD).toString('base64url');
  ctx.cookies.set(cookieName(ctx), sealed, { ...attributes(ctx), maxAge: LIFETIME_MS });
}

/** Told once: it is taken away with the answer. */
export function takeNotice({ seal }: { seal: Seal }, ctx: Context): ConsoleNotice | undefined {
  const value = ctx.cookies.get(cookieName(ctx), { signed: false });
  if (value === undefined) return undefined;
  ctx.cookies.set(cookieName(ctx), null, attributes(ctx));
  try {
    const opened: unknown = JSON.parse(seal.open(Buffer.from(value, 'base64url'), AAD).toString());
    return notice.safeParse(opened).data;
  } catch {
    // Somebody else's, or sealed with a key that is gone: there is nothing to say.
    return undefined;
  }
}

const AAD = 'console notice';

/** What does not fit is left out, the longest first; the exported configuration has it all. */
function fitting(left: ConsoleNotice): string {
  const { configuration, command, ...rest } = left;
  const attempts = [left, { ...rest, command }, { ...rest, configuration }, rest].map((one) =>
    JSON.stringify(one),
  );
  return (
    attempts.find((text) => Buffer.byteLength(text) <= TEXT_BYTES_MAX) ?? JSON.stringify({ message: '' })
  );
}

function attributes(ctx: Context) {
  return {
    signed: false,
    httpOnly: true,
    sameSite: 'strict',
    secure: ctx.secure,
    path: '/',
    overwrite: true,
  } as const;
}

function cookieName(ctx: Context): string {
  return ctx.secure ? '__Host-guichet-console' : 'guichet-console';
}
