import type { Config } from '../config/config.ts';
import { failureOf, openMailTransport } from '../mail/transport.ts';
import type { Finding } from './doctor-action.ts';

/** Connects to the mail server and signs in; no mail is sent. */
export async function checkMail(config: Config): Promise<Finding> {
  const { smtpUrl } = config.mail;
  if (smtpUrl === undefined) return withoutServer(config.mode);
  const { host } = new URL(smtpUrl);
  const transport = openMailTransport(config, smtpUrl);
  try {
    await transport.verify();
    return { check: 'mail', state: 'ok', message: `${host} takes our mail, from ${config.mail.from}` };
  } catch (error) {
    const message = `${host} cannot be used: ${failureOf(error).reason}`;
    const advice = 'Check GUICHET_SMTP_URL: host, port, user, password, and smtps:// where TLS comes first.';
    return { check: 'mail', state: 'problem', message, advice };
  } finally {
    transport.close();
  }
}

function withoutServer(mode: Config['mode']): Finding {
  if (mode === 'development')
    return { check: 'mail', state: 'ok', message: 'There is no mail server: mails are kept to be read.' };
  return {
    check: 'mail',
    state: 'warning',
    message: 'There is no mail server: nobody can reset a password or is told of changes.',
    advice: 'Set GUICHET_SMTP_URL.',
  };
}
