import type { Transporter } from 'nodemailer';

import type { RenderedMail } from '../../views/mail/render.ts';
import type { Config } from '../config/config.ts';

/** A way to the mail server. */
export interface MailTransport {
  /** Resolves when the server has taken the mail over (RFC 5321 §4.2.5). Throws what `failureOf` reads. */
  send(envelope: MailEnvelope, mail: RenderedMail): Promise<void>;
  /** Connects and signs in, and sends nothing. */
  verify(): Promise<void>;
  /** Ends its connections. */
  close(): void;
}

export interface MailEnvelope {
  /** The part of the Message-ID before the `@`: the same mail sent twice has the same one. */
  readonly id: string;
  readonly recipient: string;
  readonly language: string;
  readonly now: Date;
}

export const MAIL_CONNECTIONS_MAX = 5;

const CONNECT_TIMEOUT_MS = 10_000;
/** Between two answers of the server. RFC 5321 §4.5.3.2 is more patient; whoever is slower than this is asked again. */
const SILENCE_TIMEOUT_MS = 15_000;

/** Nobody listens between this process and these. Other names of the same machine count as elsewhere. */
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Where the connection leaves the machine, it is encrypted and the server's certificate is checked: always in production, and in
 * development wherever a password is sent. Whatever else the address holds (a query) is not read: nothing in it can loosen that.
 */
export function openMailTransport(
  config: Pick<Config, 'issuer' | 'mode'> & { readonly mail: { readonly from: string } },
  smtpUrl: string,
): MailTransport {
  const url = new URL(smtpUrl);
  const secure = url.protocol === 'smtps:';
  const isLocal = LOOPBACK.has(url.hostname);
  const user = decodeURIComponent(url.username);
  const host = new URL(config.issuer).hostname;
  const options = {
    pool: true as const,
    maxConnections: MAIL_CONNECTIONS_MAX,
    // What failed is tried again by the delivery, which knows of the other processes.
    maxRequeues: 0,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTLS: !secure && !isLocal && (config.mode === 'production' || user !== ''),
    ignoreTLS: isLocal,
    tls: { minVersion: 'TLSv1.2' as const, rejectUnauthorized: true },
    ...(user === '' ? {} : { auth: { user, pass: decodeURIComponent(url.password) } }),
    name: host,
    dnsTimeout: CONNECT_TIMEOUT_MS,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    logger: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  let opened: Promise<Transporter> | undefined;
  // Loaded with the first mail.
  const open = () =>
    (opened ??= import('nodemailer').then(({ createTransport }) => createTransport(options)));

  return {
    async send({ id, recipient, language, now }, { subject, text, html }) {
      const mailer = await open();
      await mailer.sendMail({
        from: config.mail.from,
        // An object: no character of the address can begin another header or another recipient.
        to: { name: '', address: recipient },
        subject,
        text,
        html,
        date: now,
        messageId: `<${id}@${host}>`,
        headers: {
          'Content-Language': language,
          // RFC 3834 §5: an absence note is no answer to this.
          'Auto-Submitted': 'auto-generated',
          'X-Auto-Response-Suppress': 'All',
        },
      });
    },
    async verify() {
      await (await open()).verify();
    },
    close: () => void opened?.then((mailer) => mailer.close()),
  };
}

export interface MailFailure {
  /** For the operator; no address of the mail's own link is in it. */
  readonly reason: string;
  /** The server will say the same next time: it refuses this recipient or this mail (RFC 5321 §4.2.1, 5yz). */
  readonly isFinal: boolean;
}

const REASON_LENGTH_MAX = 300;

export function failureOf(error: unknown): MailFailure {
  const message = error instanceof Error ? error.message : String(error);
  // Spam filters like to quote what they refuse.
  const reason = message.replaceAll(/https?:\/\/\S+/gi, '[link]').slice(0, REASON_LENGTH_MAX);
  const { responseCode, command } = detailsOf(error);
  // Of an answer to MAIL FROM or AUTH the configuration is to blame, which somebody may mend.
  const isFinal = responseCode >= 500 && (command === 'RCPT TO' || command === 'DATA');
  return { reason, isFinal };
}

function detailsOf(error: unknown): { responseCode: number; command: string } {
  if (!(error instanceof Error)) return { responseCode: 0, command: '' };
  const responseCode = 'responseCode' in error ? Number(error.responseCode) : 0;
  const command = 'command' in error ? String(error.command) : '';
  return { responseCode, command };
}
