import { createHmac, randomBytes } from 'node:crypto';

import type { ExportFormat } from '../audit/export.ts';
import { AppError } from '../errors.ts';
import { isWithin, parseCidr, parseIp } from '../http/ip.ts';

/**
 * Where audit events go as they happen: HTTP endpoints, signed as Standard Webhooks 1.0.0 says, and syslog servers (RFC 5424 over
 * TCP, RFC 6587, or TLS, RFC 5425). The log itself is the outbox: each webhook has a position in its chain. This room owns positions,
 * secrets and the sending; what an event says is the audit room's.
 */
export interface Webhook {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly kind: WebhookKind;
  readonly format: ExportFormat;
  /** Empty: all. Each is a type, or with a dot at its end all that begin so. */
  readonly types: readonly string[];
  readonly minRisk: number;
  /** Everything up to this link of the chain was delivered, or was not asked for. */
  readonly position: number;
  readonly deliveredAt: Date | null;
  /** Failed ones in a row. */
  readonly attempts: number;
  readonly nextAttemptAt: Date;
  readonly lastError: string | null;
  readonly disabledAt: Date | null;
  readonly createdAt: Date;
}

export type WebhookKind = 'http' | 'syslog';

const KINDS: Readonly<Record<string, WebhookKind>> = {
  'https:': 'http',
  'http:': 'http',
  'syslog:': 'syslog',
  'syslogs:': 'syslog',
};

const IN_THE_CLEAR = new Set(['http:', 'syslog:']);

/** Longer than any endpoint's. */
const URL_LENGTH_MAX = 2000;
const NAME_LENGTH_MAX = 100;
const TYPES_MAX = 50;
/** A type or the beginning of some. */
const TYPE = /^[a-z][a-z_-]{0,40}(?:\.|\.[a-z-]{1,40})?$/;

export function kindOf(url: string): WebhookKind {
  return KINDS[URL.parse(url)?.protocol ?? ''] ?? 'http';
}

/**
 * Throws `invalid_webhook` (400). Events say who did what from where, so they leave in the clear only towards what the operator
 * has named as a neighbour.
 */
export function checkWebhook(
  { name, url, types, minRisk }: Pick<Webhook, 'name' | 'url' | 'types' | 'minRisk'>,
  { mode, egressAllow }: { mode: 'development' | 'production'; egressAllow: readonly string[] },
): void {
  const target = url.length <= URL_LENGTH_MAX ? URL.parse(url) : null;
  if (!target || KINDS[target.protocol] === undefined || target.hostname === '')
    throw invalid('The URL must begin with https://, syslogs:// (TLS) or syslog:// (TCP).');
  if (target.username !== '' || target.password !== '' || target.hash !== '')
    throw invalid('The URL must have no user name, password or fragment.');
  if (kindOf(url) === 'syslog' && target.port === '')
    throw invalid('The URL of a syslog server names its port.');
  if (IN_THE_CLEAR.has(target.protocol) && mode === 'production' && !isNamed(target.hostname, egressAllow))
    throw invalid(
      'The URL must begin with https:// or syslogs://, unless GUICHET_EGRESS_ALLOW names its host.',
    );
  if (name.trim() === '' || name.length > NAME_LENGTH_MAX || /\p{Cc}/u.test(name))
    throw invalid(`The name must have 1 to ${NAME_LENGTH_MAX} characters.`);
  if (types.length > TYPES_MAX || types.some((type) => !TYPE.test(type)))
    throw invalid('A type is like client.created, or like client. for all about clients.');
  if (!Number.isInteger(minRisk) || minRisk < 0 || minRisk > 100)
    throw invalid('The risk is a whole number from 0 to 100.');
}

/** A host by its name, or an address that is, or is in a network that is. */
function isNamed(hostname: string, egressAllow: readonly string[]): boolean {
  const ip = parseIp(hostname.replace(/^\[(.*)\]$/, '$1'));
  return egressAllow.some((entry) => {
    const network = parseCidr(entry);
    return network && ip ? isWithin(network, ip) : entry === hostname.toLowerCase();
  });
}

/** What may be shown of a URL: its query may hold a token of the receiver's. */
export function shownUrl(url: string): string {
  const target = new URL(url);
  return `${target.protocol}//${target.host}${target.pathname}`;
}

/** Standard Webhooks asks for 24 to 64 bytes. */
const SECRET_BYTES = 32;
const SECRET_PREFIX = 'whsec_';

export function drawSecret(): Buffer {
  return randomBytes(SECRET_BYTES);
}

/** As its receiver's library takes it. */
export function serializeSecret(secret: Uint8Array): string {
  return `${SECRET_PREFIX}${Buffer.from(secret).toString('base64')}`;
}

/** So that a sealed secret moved to another row does not open. */
export function secretContext(id: string): string {
  return `webhooks:${id}`;
}

/** Standard Webhooks, "Signature scheme". `timestamp` is of the attempt, in Unix seconds. */
export function signWebhook(
  secret: Uint8Array,
  { id, timestamp, body }: { id: string; timestamp: number; body: string },
): string {
  const digest = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
  return `v1,${digest}`;
}

export function webhookNotFound(): AppError {
  return new AppError('webhook_not_found', 'There is no such webhook.', { status: 404 });
}

function invalid(message: string): AppError {
  return new AppError('invalid_webhook', message, { status: 400 });
}
