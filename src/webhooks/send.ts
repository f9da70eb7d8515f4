import { exportLine, parseCanonical, type ExportedEvent } from '../audit/export.ts';
import type { Config } from '../config/config.ts';
import type { Clock } from '../clock.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Egress } from '../http/egress.ts';
import { sendSyslog, type SyslogMessage } from './syslog.ts';
import { secretContext, signWebhook, type Webhook } from './webhook.ts';

export interface SendContext {
  readonly clock: Clock;
  readonly seal: Seal;
  readonly egress: Egress;
  readonly config: Pick<Config, 'mode'>;
  /** Certificate authorities of syslog servers instead of the system's. */
  readonly ca?: string | undefined;
}

export interface Target extends Pick<Webhook, 'id' | 'url' | 'kind' | 'format'> {
  readonly sealedSecret: Buffer | null;
}

export interface Sent {
  /** Of the events in their order, so many were taken before the first that was not. */
  readonly taken: number;
  /** Why not more. Says nothing that the receiver's answer said. */
  readonly error?: string;
  /** The receiver wants nothing any more (Standard Webhooks: 410). */
  readonly isGone?: true;
}

/** One attempt. Standard Webhooks recommends 15 to 30 s; an endpoint that takes events for later needs far less. */
const TIMEOUT_MS = 10_000;
/** Answers are looked at for their status only. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** Never rejects. A few at a time: all of them are under way at once. */
export async function sendEvents(
  ctx: SendContext,
  target: Target,
  events: readonly ExportedEvent[],
): Promise<Sent> {
  if (target.kind === 'syslog') return sendToSyslog(ctx, target, events);
  const messages = events.map((event) => ({
    // The same for each attempt, by which receivers know what they had.
    id: `audit-${event.seq}`,
    body: webhookBody(event, target),
  }));
  const outcomes = await Promise.all(messages.map((message) => post(ctx, target, message)));
  const taken = outcomes.findIndex((outcome) => outcome !== undefined);
  if (taken === -1) return { taken: events.length };
  const error = outcomes[taken] ?? '';
  return { taken, error, ...(error === GONE ? { isGone: true } : {}) };
}

/** Standard Webhooks, "Payload structure". The event stands in it as it was hashed. */
function webhookBody(event: ExportedEvent, { format }: Target): string {
  const { type, occurred_at } = parseCanonical(event);
  return `{"type":${JSON.stringify(type)},"timestamp":"${occurred_at}","data":${exportLine(event, format)}}`;
}

const GONE = 'answered 410';

/** Undefined when it was taken, otherwise why not. */
export async function post(
  { clock, seal, egress, config }: SendContext,
  { id: webhookId, url, sealedSecret }: Pick<Target, 'id' | 'url' | 'sealedSecret'>,
  { id, body }: { id: string; body: string },
): Promise<string | undefined> {
  const timestamp = Math.floor(clock.now().getTime() / 1000);
  try {
    const secret = sealedSecret && seal.open(sealedSecret, secretContext(webhookId));
    const response = await egress.fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        ...(secret ? { 'webhook-signature': signWebhook(secret, { id, timestamp, body }) } : {}),
      },
      body,
      timeoutMs: TIMEOUT_MS,
      bodyBytesMax: ANSWER_BYTES_MAX,
      allowLoopback: config.mode === 'development',
    });
    return response.ok ? undefined : `answered ${response.status}`;
  } catch (error) {
    return reasonOf(error);
  }
}

async function sendToSyslog(
  ctx: SendContext,
  { url, format }: Target,
  events: readonly ExportedEvent[],
): Promise<Sent> {
  const messages = events.map((event) => {
    const { occurred_at: timestamp, type, risk } = parseCanonical(event);
    return { timestamp, type, risk: risk?.score ?? 0, text: exportLine(event, format) };
  });
  const error = await sendGuarded(ctx, url, messages);
  return error === undefined ? { taken: events.length } : { taken: 0, error };
}

/** To where the egress guard lets it; undefined when it was taken, otherwise why not. */
export async function sendGuarded(
  { egress, config, ca }: SendContext,
  url: string,
  messages: readonly SyslogMessage[],
): Promise<string | undefined> {
  try {
    const target = new URL(url);
    const allowLoopback = config.mode === 'development';
    const addresses = await egress.addressesOf(target.hostname, { allowLoopback });
    await sendSyslog(target, messages, { addresses, ca });
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
