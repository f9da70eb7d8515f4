import type { MailLocals, OutboxPages } from '../locals/mail.ts';
import type { SamplesOf } from './samples.ts';

const path = '/links/Zk3vQ8Yw1oX2nB7tR5uC9eD4fG6hJ0kL_mP-sT1vWxy';
const at = new Date('2031-05-06T07:20:00Z');
const from = { name: 'Inès Moreau', device: 'Firefox on Linux', address: '203.0.113.7' };

/** Every mail, with everything it can say. */
export const mailSamples: { readonly [Name in keyof MailLocals]: MailLocals[Name] } = {
  registration: { path, validSeconds: 86_400, ...from },
  'registration-known': { path: '/sign-in-help', ...from },
  'password-reset': { path, validSeconds: 3600, ...from },
  'password-reset-unknown': { device: from.device, address: from.address },
  'password-reset-federated': { provider: 'Example University', ...from },
  'password-reset-disabled': { device: from.device, address: from.address },
  'email-verification': { path, validSeconds: 3600, ...from },
  'email-change': { path, validSeconds: 3600, ...from },
  invitation: { path, validSeconds: 604_800, name: from.name, inviter: 'Ada Lovelace' },
  'new-device': { at, client: 'Atelier Notes', ...from },
  'password-changed': { at, ...from },
  'email-changed': { at, email: 'ines@example.net', ...from },
  'authenticator-added': { at, authenticator: 'passkey', label: 'Blue key', ...from },
  'authenticator-removed': { at, authenticator: 'totp', label: 'Telephone', ...from },
  'recovery-code-used': { at, left: '7', ...from },
  'recovery-codes-made': { at, ...from },
  'second-factor-locked': { at, ...from },
  'identity-linked': { at, provider: 'Example University', ...from },
  'identity-unlinked': { at, provider: 'Example University', ...from },
  'account-deleted': { at, ...from },
};

const kept: OutboxPages['mails']['mails'][number] = {
  path: '/mails/mail_3xF0uN5aQ2wE8rT7yU1iO4',
  recipient: 'ines.moreau@example.org',
  kind: 'password-reset',
  subject: 'Choose a new password for Guichet',
  at: '2031-05-06 07:20:00 UTC',
  state: 'kept',
};

const waiting: typeof kept = { ...kept, kind: 'new-device', subject: undefined, state: 'waiting' };

export const outboxSamples: SamplesOf<OutboxPages> = {
  mails: {
    some: {
      mails: [
        waiting,
        kept,
        { ...kept, subject: undefined, state: 'failed' },
        { ...kept, subject: undefined, state: 'gone' },
      ],
    },
    none: { mails: [] },
  },
  mail: {
    kept: {
      ...kept,
      message: {
        text: 'Hello Inès Moreau,\n\nSomebody, probably you, asked for a new password. Until you have chosen one, the old one stays.\n\nChoose a new password:\nhttps://login.example.org/links/Zk3vQ8Yw1oX2nB7tR5uC9eD4fG6hJ0kL_mP-sT1vWxy\n',
        link: 'https://login.example.org/links/Zk3vQ8Yw1oX2nB7tR5uC9eD4fG6hJ0kL_mP-sT1vWxy',
        htmlPath: '/mails/mail_3xF0uN5aQ2wE8rT7yU1iO4/html',
      },
    },
    waiting: { ...waiting, message: undefined },
    failed: { ...kept, subject: undefined, state: 'failed', message: undefined },
    gone: { ...kept, subject: undefined, state: 'gone', message: undefined },
  },
};
