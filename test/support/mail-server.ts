import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';

import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer } from 'smtp-server';

import { makeCertificate } from './certificates.ts';

export interface ReceivedMail {
  readonly from: string;
  readonly recipients: readonly string[];
  readonly isEncrypted: boolean;
  readonly user: string | undefined;
  readonly raw: string;
  readonly mail: ParsedMail;
}

/** A real mail server (SMTP, TLS, AUTH), which keeps what it is given. */
export interface MailServer {
  readonly url: string;
  /** What it took over. */
  readonly received: ReceivedMail[];
  /** Everything that got as far as its text, taken over or not. */
  readonly offered: ReceivedMail[];
  /** Resolves when so many have been taken over. */
  untilReceived(count: number): Promise<void>;
  stop(): Promise<void>;
}

export interface MailServerOptions {
  /** `localhost`; 127.0.0.2 stands for a host elsewhere. */
  readonly host?: string;
  readonly port?: number;
  readonly tls?: 'from the start' | 'STARTTLS' | 'none';
  /** Whoever sends has to sign in as `guichet` with this password. */
  readonly password?: string;
  /** Its answer to the text of a mail; undefined: taken over. */
  readonly answer?: (mail: ReceivedMail) => Promise<number | undefined> | number | undefined;
  /** Its answer to a recipient. */
  readonly answerRecipient?: (address: string) => number | undefined;
}

export const mailCertificate = makeCertificate('mail.example', ['localhost', '127.0.0.1', '127.0.0.2']);

/** As NODE_EXTRA_CA_CERTS does for a whole process. Call the answer to undo it. */
export function trustMailCertificate(): () => void {
  const before = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...before, mailCertificate.certificatePem]);
  return () => tls.setDefaultCACertificates(before);
}

export async function startMailServer(options: MailServerOptions = {}): Promise<MailServer> {
  const { host = 'localhost', port = 0, password, answer, answerRecipient } = options;
  const security = options.tls ?? 'from the start';
  const received: ReceivedMail[] = [];
  const offered: ReceivedMail[] = [];
  const server = new SMTPServer({
    secure: security === 'from the start',
    key: mailCertificate.keyPem,
    cert: mailCertificate.certificatePem,
    disabledCommands: [
      ...(security === 'STARTTLS' ? [] : ['STARTTLS']),
      ...(password === undefined ? ['AUTH'] : []),
    ],
    authOptional: password === undefined,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    closeTimeout: 50,
    onAuth(auth, _session, callback) {
      const isOurs = auth.username === 'guichet' && auth.password === password;
      if (isOurs) callback(null, { user: auth.username });
      else callback(refusal(535));
    },
    onRcptTo({ address }, _session, callback) {
      const code = answerRecipient?.(address);
      callback(code === undefined ? null : refusal(code));
    },
    onData(stream, session, callback) {
      void (async () => {
        const raw = Buffer.concat(await stream.toArray());
        const { mailFrom, rcptTo } = session.envelope;
        const mail: ReceivedMail = {
          from: mailFrom === false ? '' : mailFrom.address,
          recipients: rcptTo.map(({ address }) => address),
          isEncrypted: session.secure,
          user: typeof session.user === 'string' ? session.user : undefined,
          raw: raw.toString(),
          mail: await simpleParser(raw),
        };
        offered.push(mail);
        const code = await answer?.(mail);
        if (code === undefined) received.push(mail);
        callback(code === undefined ? null : refusal(code));
      })();
    },
  });
  // Clients that are killed or refuse the certificate leave in the middle of a sentence.
  server.on('error', () => {});
  server.listen(port, host === 'localhost' ? '127.0.0.1' : host);
  await once(server.server, 'listening');
  const { port: listening } = server.server.address() as AddressInfo;
  const credentials = password === undefined ? '' : `guichet:${encodeURIComponent(password)}@`;
  const scheme = security === 'from the start' ? 'smtps' : 'smtp';
  return {
    url: `${scheme}://${credentials}${host}:${listening}`,
    received,
    offered,
    async untilReceived(count) {
      for (let attempt = 0; received.length < count; attempt += 1) {
        if (attempt > 1000) throw new Error(`${received.length} of ${count} mails arrived`);
        await sleep(10);
      }
    },
    async stop() {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(resolve);
      await promise;
    },
  };
}

function refusal(responseCode: number): Error {
  return Object.assign(new Error('See https://mail.example/why for the reason'), { responseCode });
}
