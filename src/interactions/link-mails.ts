import type { LinkLocals } from '../../views/locals/mail.ts';
import type { Account } from '../accounts/account.ts';
import { LINK_TTL_SECONDS, type WayBack } from '../accounts/link.ts';
import { mintLink, type LinkOrder } from '../accounts/mint-link.ts';
import { findAccount, findAccountByIdentifier } from '../accounts/store.ts';
import { listProviderNames } from '../upstream/provider-names.ts';
import type {
  DueMail,
  Preparation,
  PreparationContext,
  Preparations,
  PreparedMail,
} from '../mail/preparation.ts';

/** Where people sign in who have an account already, and ask for a new password if they have to. */
const SIGN_IN_PATH = '/account';

/**
 * What the mails with links say, worked out when they are sent: for the person who asked, this is where an address that has an
 * account and one that has none begin to differ, and only whoever reads the mailbox sees it.
 */
export const linkMails = {
  registration: prepareRegistration,
  'password-reset': preparePasswordReset,
  'email-change': prepareEmailChange,
  invitation: prepareInvitation,
} satisfies Preparations;

async function prepareRegistration(mail: DueMail, context: PreparationContext): ReturnType<Preparation> {
  const known = await findAccountByIdentifier(context.db.knex, mail.recipient);
  if (known) return knownTo(known, mail);
  const locals = await linkFor(mail, context, { purpose: 'registration' });
  return locals && { template: 'registration', locals };
}

async function preparePasswordReset(mail: DueMail, context: PreparationContext): ReturnType<Preparation> {
  // A name of nobody, or of somebody without an address.
  if (mail.recipient === '') return undefined;
  const account = mail.accountId === null ? undefined : await findAccount(context.db.knex, mail.accountId);
  if (account?.email !== mail.recipient) {
    return { template: 'password-reset-unknown', locals: { address: mail.detail['address'] } };
  }
  if (account.disabledAt !== null) {
    return { template: 'password-reset-disabled', locals: { address: mail.detail['address'] } };
  }
  // Who is signed in may want a first password; who is not may be anybody with the mailbox of somebody who left an organisation.
  if (!account.hasPassword && mail.detail['wanted'] === undefined) {
    const providers = await listProviderNames(context.db.knex, account.id);
    if (providers.length > 0) {
      const locals = { provider: providers.join(', '), address: mail.detail['address'] };
      return { template: 'password-reset-federated', locals };
    }
  }
  const locals = await linkFor(mail, context, { purpose: 'password-reset', account });
  return locals && { template: 'password-reset', locals };
}

async function prepareEmailChange(mail: DueMail, context: PreparationContext): ReturnType<Preparation> {
  const account = mail.accountId === null ? undefined : await findAccount(context.db.knex, mail.accountId);
  if (!account) return undefined;
  const known = await findAccountByIdentifier(context.db.knex, mail.recipient);
  if (known && known.id !== account.id) return knownTo(known, mail);
  const previousEmail = mail.detail['previousEmail'] ?? null;
  const locals = await linkFor(mail, context, { purpose: 'email-change', account, previousEmail });
  const template = previousEmail === mail.recipient ? 'email-verification' : 'email-change';
  return locals && { template, locals };
}

async function prepareInvitation(mail: DueMail, context: PreparationContext): ReturnType<Preparation> {
  const known = await findAccountByIdentifier(context.db.knex, mail.recipient);
  if (known) return undefined;
  const { name = null, invitation = mail.id } = mail.detail;
  const locals = await linkFor(mail, context, { purpose: 'invitation', name, occasion: invitation });
  return locals && { template: 'invitation', locals };
}

/** Somebody wants an address that has an account already. */
function knownTo(known: Account, { detail: { address } }: DueMail): PreparedMail {
  return {
    template: 'registration-known',
    locals: { path: SIGN_IN_PATH, name: known.profile.name, address },
  };
}

/** Undefined when the account has changed since it was asked for. */
async function linkFor(
  mail: DueMail,
  context: PreparationContext,
  { account, ...order }: Pick<LinkOrder, 'purpose'> & Partial<LinkOrder> & { account?: Account },
): Promise<LinkLocals | undefined> {
  const path = await mintLink(context, {
    email: mail.recipient,
    accountId: account?.id ?? null,
    occasion: mail.id,
    requestedAt: mail.createdAt,
    wayBack: wayBackOf(mail),
    ...order,
  });
  return path === undefined
    ? undefined
    : {
        path,
        validSeconds: LINK_TTL_SECONDS[order.purpose],
        name: account?.profile.name ?? order.name ?? undefined,
        address: mail.detail['address'],
      };
}

function wayBackOf({ detail: { interactionUid, mark } }: DueMail): WayBack | null {
  return interactionUid === undefined || mark === undefined ? null : { interactionUid, mark };
}
