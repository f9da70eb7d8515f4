import type { Knex } from 'knex';

import type { Clock } from '../clock.ts';
import { randomToken } from '../crypto/ids.ts';
import type { Database } from '../db/database.ts';
import { linkDigest, LINK_TTL_SECONDS, type AccountLink } from './link.ts';
import { replaceLinks } from './link-store.ts';
import { lockAccount } from './store.ts';

export type LinkOrder = Pick<AccountLink, 'purpose' | 'email'> &
  Partial<AccountLink> & {
    /** The mail or invitation it is for: an attempt that is repeated leaves the links of earlier attempts as they are. */
    readonly occasion: string;
    readonly requestedAt: Date;
  };

/**
 * The path of a new link, secret token included: for one mail or one look, never to be stored or logged. Undefined when the
 * account has changed since the link was asked for: password, address, disabled, gone.
 */
export function mintLink(
  { db, clock }: { db: Database; clock: Clock },
  order: LinkOrder,
): Promise<string | undefined> {
  return db.transaction((tx) => mintLinkWithin(tx, order, clock.now()));
}

export async function mintLinkWithin(
  tx: Knex.Transaction,
  { requestedAt, ...order }: LinkOrder,
  now: Date,
): Promise<string | undefined> {
  const token = randomToken(32);
  const digest = linkDigest(token);
  if (!digest) throw new TypeError('a token of another form was made');
  const link = {
    accountId: null,
    previousEmail: null,
    provesEmail: true,
    name: null,
    wayBack: null,
    ...order,
    digest,
    createdAt: now,
    expiresAt: new Date(now.getTime() + LINK_TTL_SECONDS[order.purpose] * 1000),
  };
  if (!(await isStillWanted(tx, link, requestedAt))) return undefined;
  await replaceLinks(tx, link);
  return `${PATHS[order.purpose]}?token=${token}`;
}

const PATHS = {
  registration: '/registration',
  invitation: '/registration',
  'password-reset': '/password-reset',
  'email-change': '/email-change',
} as const satisfies Record<AccountLink['purpose'], string>;

/** Under the account's lock, which whoever ends its links holds as well: none is made behind their back. */
async function isStillWanted(tx: Knex.Transaction, link: AccountLink, requestedAt: Date): Promise<boolean> {
  if (link.accountId === null) return true;
  const account = await lockAccount(tx, link.accountId);
  if (!account || account.disabledAt !== null) return false;
  const isSamePassword = account.passwordChangedAt === null || account.passwordChangedAt <= requestedAt;
  return isSamePassword && account.email === addressBefore(link);
}

/** What the account's address is while the link is good. */
export function addressBefore({ purpose, email, previousEmail }: AccountLink): string | null {
  return purpose === 'email-change' ? previousEmail : email;
}
