import { z } from 'zod';

import { EXPORT_FORMATS } from '../audit/export.ts';
import { shownUrl, type Webhook } from '../webhooks/webhook.ts';
import { identifier, instant, text, toInstant, toInstantOrNull } from './document.ts';

const TYPES_MAX = 50;

/** Where events of the audit log go as they happen. */
export const webhookDocument = z.strictObject({
  id: identifier,
  name: z.string(),
  url: z.string().describe('Without what may be a secret in it'),
  kind: z.enum(['http', 'syslog']),
  format: z.enum(EXPORT_FORMATS),
  types: z.array(z.string()).describe('Empty: all'),
  min_risk: z.int(),
  position: z.int().describe('The link of the log up to which everything was delivered'),
  delivered_at: instant.nullable(),
  attempts: z.int().describe('Failed ones in a row'),
  next_attempt_at: instant,
  last_error: z.string().nullable(),
  disabled_at: instant.nullable(),
  created_at: instant,
});

export const newWebhookDocument = z.strictObject({
  name: text,
  url: text.describe('https://, syslogs:// (TLS) or syslog:// (TCP)'),
  format: z.enum(EXPORT_FORMATS).optional(),
  types: z
    .array(text)
    .max(TYPES_MAX)
    .optional()
    .describe('Each a type, or with a dot at its end all that begin so. Default: all'),
  min_risk: z.int().min(0).max(100).optional(),
});

export function webhookToJson(webhook: Webhook): z.output<typeof webhookDocument> {
  return {
    id: webhook.id,
    name: webhook.name,
    url: shownUrl(webhook.url),
    kind: webhook.kind,
    format: webhook.format,
    types: [...webhook.types],
    min_risk: webhook.minRisk,
    position: webhook.position,
    delivered_at: toInstantOrNull(webhook.deliveredAt),
    attempts: webhook.attempts,
    next_attempt_at: toInstant(webhook.nextAttemptAt),
    last_error: webhook.lastError,
    disabled_at: toInstantOrNull(webhook.disabledAt),
    created_at: toInstant(webhook.createdAt),
  };
}
