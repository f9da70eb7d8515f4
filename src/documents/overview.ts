import { z } from 'zod';

import type { Setting } from '../config/reference.ts';
import { KEY_STATES, SIGNING_ALGS } from '../keys/key.ts';
import { instant } from './document.ts';

const about = z.strictObject({ count: z.int(), is_exact: z.boolean().describe('false: an estimate') });

/** What goes on, in figures. */
export const overviewDocument = z.strictObject({
  at: instant,
  minutes: z
    .array(
      z.strictObject({
        at: instant.describe('When the minute began'),
        tokens_issued: z.int(),
        sign_ins: z.int(),
        sign_in_failures: z.int(),
        revocations: z.int(),
      }),
    )
    .describe('Of the last hour, the oldest first'),
  keys: z.array(
    z.strictObject({
      kid: z.string(),
      alg: z.enum(SIGNING_ALGS),
      state: z.enum(KEY_STATES),
      since: instant,
      age_seconds: z.int(),
    }),
  ),
  counts: z.strictObject({ clients: about, users: about, sessions: about, live_tokens: about }),
  health: z.strictObject({
    database_milliseconds: z.number().describe('A round trip'),
    pending_migrations: z.array(z.string()),
    algs_without_key: z.array(z.enum(SIGNING_ALGS)).describe('Nothing can be signed with these'),
    failing_mails: z.int().describe('Tried, and not delivered yet'),
  }),
});

export const settingDocument = z.strictObject({
  name: z.string(),
  description: z.string(),
  secret: z.boolean(),
  set: z.boolean(),
  value: z.string().nullable().describe('null: unset, or a secret, which is never shown'),
  when_unset: z.string(),
});

export function settingToJson(setting: Setting): z.output<typeof settingDocument> {
  return {
    name: setting.name,
    description: setting.description,
    secret: setting.isSecret,
    set: setting.isSet,
    value: setting.value,
    when_unset: setting.whenUnset,
  };
}
