import type { MailTemplate } from '../../locals/mail.ts';

/** What the sentences of a letter may speak of. */
export interface LetterSubject {
  readonly brand: string;
  readonly provider: string | undefined;
  readonly inviter: string | undefined;
}

export interface LetterWords {
  readonly subject: string;
  readonly lead: readonly string[];
  /** On the button, where there is one. */
  readonly action?: string;
  /** What to do if it was somebody else. */
  readonly otherwise: string;
  /** Why the mail came. */
  readonly why: string;
}

const ASKED = 'You get this mail because somebody entered your address.';
const SAFETY = 'You get this mail because it concerns the safety of your account.';

const letters = {
  registration: ({ brand }) => ({
    subject: `Confirm your e-mail address for ${brand}`,
    lead: [
      `Somebody, probably you, is making an account at ${brand} with this address. Confirm that it is yours to go on.`,
    ],
    action: 'Confirm address',
    otherwise: 'If it was not you, do nothing: without your confirmation there is no account.',
    why: ASKED,
  }),
  'registration-known': ({ brand }) => ({
    subject: `You already have an account at ${brand}`,
    lead: [
      'Somebody, probably you, tried to make an account with this address. There is one already: use it, and set a new password if you have forgotten the old one.',
    ],
    action: 'Use my account',
    otherwise: 'If it was not you, there is nothing to do. Nobody but you was told that this account exists.',
    why: ASKED,
  }),
  'password-reset': ({ brand }) => ({
    subject: `Choose a new password for ${brand}`,
    lead: ['Somebody, probably you, asked for a new password. Until you have chosen one, the old one stays.'],
    action: 'Choose a new password',
    otherwise: 'If it was not you, do nothing: your password has not changed.',
    why: ASKED,
  }),
  'password-reset-unknown': ({ brand }) => ({
    subject: `This address has no account at ${brand}`,
    lead: [
      'Somebody, probably you, asked for a new password with this address. There is no account with it; perhaps you used another address.',
    ],
    otherwise: 'If it was not you, there is nothing to do.',
    why: ASKED,
  }),
  'password-reset-federated': ({ brand, provider = 'your organisation' }) => ({
    subject: `How you sign in to ${brand}`,
    lead: [
      `Somebody, probably you, asked for a new password. Your account needs none: you sign in with ${provider}, which can also help if you cannot get in there.`,
    ],
    otherwise: 'If it was not you, there is nothing to do: nothing has changed.',
    why: ASKED,
  }),
  'password-reset-disabled': ({ brand }) => ({
    subject: `Your account at ${brand} is switched off`,
    lead: [
      `Somebody, probably you, asked for a new password. The account with this address is switched off, so no password opens it. The people who run ${brand} can tell you why.`,
    ],
    otherwise: 'If it was not you, there is nothing to do: nothing has changed.',
    why: ASKED,
  }),
  'email-verification': ({ brand }) => ({
    subject: `Confirm your e-mail address for ${brand}`,
    lead: [`Somebody, probably you, asked to confirm that this is the address of their account at ${brand}.`],
    action: 'Confirm address',
    otherwise: 'If it was not you, do nothing.',
    why: ASKED,
  }),
  'email-change': ({ brand }) => ({
    subject: `Confirm your new e-mail address for ${brand}`,
    lead: [
      `Somebody, probably you, wants to use this address for their account at ${brand}. Until you confirm it, the old address stays.`,
    ],
    action: 'Confirm address',
    otherwise: 'If it was not you, do nothing: your address will not be used.',
    why: ASKED,
  }),
  invitation: ({ brand, inviter }) => ({
    subject: `Your invitation to ${brand}`,
    lead: [
      inviter === undefined ? `You are invited to ${brand}.` : `${inviter} invites you to ${brand}.`,
      'Accept the invitation and choose how you want to sign in.',
    ],
    action: 'Accept invitation',
    otherwise: 'If you do not know what this is about, do nothing.',
    why: 'You get this mail because you were invited with this address.',
  }),
  'new-device': ({ brand }) => ({
    subject: `New sign-in to ${brand}`,
    lead: ['Somebody signed in to your account on a device that has not been used for it before.'],
    action: 'See where I am signed in',
    otherwise:
      'If it was you, there is nothing to do. If it was not, end that session now, then change your password.',
    why: SAFETY,
  }),
  'password-changed': ({ brand }) => ({
    subject: `Your password for ${brand} was changed`,
    lead: ['The password of your account is a new one.'],
    action: 'Check my account',
    otherwise:
      'If it was not you, ask for a new password on the sign-in page now, then check how your account is secured.',
    why: SAFETY,
  }),
  'email-changed': ({ brand }) => ({
    subject: `Your e-mail address at ${brand} was changed`,
    lead: ['Your account now has another address. This is the last mail to the old one.'],
    otherwise: `If it was not you, somebody else may have your account: tell the people who run ${brand} now.`,
    why: SAFETY,
  }),
  'authenticator-added': ({ brand }) => ({
    subject: `New way to sign in to ${brand}`,
    lead: ['Your account has one more way to sign in.'],
    action: 'Check my account',
    otherwise: 'If it was not you, remove it now, then change your password.',
    why: SAFETY,
  }),
  'authenticator-removed': ({ brand }) => ({
    subject: `A way to sign in to ${brand} was removed`,
    lead: ['Your account can no longer be used in one of the ways it could.'],
    action: 'Check my account',
    otherwise: 'If it was not you, set it up again now, then change your password.',
    why: SAFETY,
  }),
  'recovery-code-used': ({ brand }) => ({
    subject: `A recovery code for ${brand} was used`,
    lead: ['Somebody signed in to your account with one of your recovery codes. It will not work again.'],
    action: 'Check my account',
    otherwise: 'If it was not you, change your password now, then make new codes.',
    why: SAFETY,
  }),
  'recovery-codes-made': ({ brand }) => ({
    subject: `New recovery codes for ${brand}`,
    lead: ['Your account has new recovery codes. Older ones no longer work.'],
    action: 'Check my account',
    otherwise: 'If it was not you, change your password now, then make new codes.',
    why: SAFETY,
  }),
  'second-factor-locked': ({ brand }) => ({
    subject: `Too many wrong codes for ${brand}`,
    lead: [
      'Somebody proved your password or sign-in, and then gave a wrong code too often. For a while no code is accepted.',
    ],
    action: 'Check my account',
    otherwise:
      'If it was you, wait and try again. If it was not, somebody knows your password: change it now.',
    why: SAFETY,
  }),
  'identity-linked': ({ brand }) => ({
    subject: `Another sign-in is connected to ${brand}`,
    lead: ['Your account can now be used by signing in elsewhere.'],
    action: 'See connected accounts',
    otherwise: 'If it was not you, disconnect it now, then change your password.',
    why: SAFETY,
  }),
  'identity-unlinked': ({ brand }) => ({
    subject: `A sign-in is no longer connected to ${brand}`,
    lead: ['Your account can no longer be used by signing in there.'],
    action: 'See connected accounts',
    otherwise: 'If it was not you, change your password now and connect it again.',
    why: SAFETY,
  }),
  'account-deleted': ({ brand }) => ({
    subject: `Your account at ${brand} was deleted`,
    lead: ['Your account is gone, with everything that was stored for it. This is the last mail about it.'],
    otherwise: `If it was not you, tell the people who run ${brand} now.`,
    why: SAFETY,
  }),
} satisfies Record<MailTemplate, (about: LetterSubject) => LetterWords>;

/** What is sent by mail, and the pages on which developers read it. */
export const mail = {
  mail: {
    hello: (name: string) => `Hello ${name},`,
    helloUnnamed: 'Hello,',
    worksOnce: (duration: string) => `This works once, within ${duration}.`,
    copy: 'If the button does not work, copy this address into your browser:',
    neverAsks: (brand: string) => `${brand} never asks for a password or code by mail or telephone.`,
    fact: (label: string, value: string) => `${label}: ${value}`,
    facts: {
      at: 'When',
      client: 'App',
      provider: 'Signed in with',
      authenticator: 'Kind',
      label: 'Name',
      email: 'New address',
      left: 'Codes left',
      device: 'Device',
      address: 'IP address',
    },
    authenticators: { passkey: 'Passkey', totp: 'Authenticator app' },
    letters: letters as Readonly<Record<MailTemplate, (about: LetterSubject) => LetterWords>>,
  },
  outbox: {
    title: 'Mails',
    lead: 'No mail server is set, so mails stay here for you to read. They are kept for a day.',
    empty: 'No mail has been sent yet.',
    to: (recipient: string) => `to ${recipient}`,
    waiting: 'not sent yet',
    failed: 'will not be sent',
    gone: 'This mail is no longer kept.',
    back: 'All mails',
    asHtml: 'As HTML',
    openLink: 'Open its link',
    frontLink: 'Mails of this server',
    frontHint: 'kept here while no mail server is set',
  },
};
