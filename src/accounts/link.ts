/**
 * Links that people get by mail and that are good for one thing, once. Whoever follows one has shown that they read the
 * mailbox, so a link is a credential: 256 bits, kept as a digest, short-lived, consumed in the transaction of what it is for,
 * and following it changes nothing until a form is posted (mail scanners follow links). NIST SP 800-63B-4 §4.2; ASVS 5.0 V6.4.
 */
import { sha256 } from '../crypto/digest.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const LINK_TTL_SECONDS = {
  // It opens nothing that exists, so people may come back to it the next day.
  registration: DAY,
  // It opens an account: as long as it takes to find the mail.
  'password-reset': 30 * MINUTE,
  // Asked for by somebody who is signed in and waiting, at a mailbox they may still have to set up.
  'email-change': HOUR,
  // Nobody waits for it: it must survive a holiday weekend.
  invitation: 7 * DAY,
} as const;

export type LinkPurpose = keyof typeof LINK_TTL_SECONDS;

export interface AccountLink {
  readonly purpose: LinkPurpose;
  /** null: the account is yet to be made. */
  readonly accountId: string | null;
  /** The address it is for, folded: that of the account, or the one it will have. */
  readonly email: string;
  /** Of `email-change`: what the account must still have when the link is used. */
  readonly previousEmail: string | null;
  /** It went nowhere but to that mailbox. An operator who hands one on proves nothing. */
  readonly provesEmail: boolean;
  /** What an operator said the person is called. */
  readonly name: string | null;
  readonly wayBack: WayBack | null;
}

/** The sign-in that a link was asked for in, and what tells the browser of that sign-in from others. */
export interface WayBack {
  readonly interactionUid: string;
  readonly mark: string;
}

/** What `randomToken(32)` makes. Anything else is not worth a look at the database. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** What is stored of a token; undefined for what cannot be one. */
export function linkDigest(token: string): Buffer | undefined {
  return TOKEN.test(token) ? sha256(`account link:${token}`) : undefined;
}
