import { z } from 'zod';

import { instant, toInstant } from './document.ts';

/** Whoever finds it may register clients: nobody should have to remember that it exists. */
export const REGISTRATION_TOKEN_TTL_SECONDS_MAX = 30 * 86_400;
const TTL_SECONDS = 3600;

export const newRegistrationTokenDocument = z.strictObject({
  ttl_seconds: z
    .int()
    .min(1)
    .max(REGISTRATION_TOKEN_TTL_SECONDS_MAX)
    .default(TTL_SECONDS)
    .describe('How long applications can register themselves with it'),
});

export const registrationTokenDocument = z.strictObject({
  initial_access_token: z.string().describe('Shown this once (RFC 7591 §3)'),
  expires_at: instant,
});

export function registrationTokenToJson(made: {
  readonly token: string;
  readonly expiresAt: Date;
}): z.output<typeof registrationTokenDocument> {
  return { initial_access_token: made.token, expires_at: toInstant(made.expiresAt) };
}
