import type { Knex } from 'knex';

import type { Account } from '../accounts/account.ts';
import { findAccountByIdentifier, insertAccount } from '../accounts/store.ts';
import { record } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/database.ts';
import { violatedConstraint } from '../db/violation.ts';
import type { IdentityProvider } from './identity-provider.ts';
import { insertIdentity } from './identity-store.ts';
import type { UpstreamIdentity } from './identity.ts';
import { labelOf, type Facts } from './mapping.ts';
import { actorOf, recognise, type Recognised } from './recognise.ts';

export type Provisioned =
  | ({ readonly ok: true } & Recognised)
  /** Nobody's account is given away for an address: its owner proves that both are theirs. */
  | { readonly ok: false; readonly reason: 'email-taken' };

/** Somebody else may take a name, or the same person come in another window, between the look and the write. */
const ATTEMPTS = 5;

/**
 * Makes an account for somebody who came for the first time. A username that is taken is left out; an account that has neither
 * name nor address gets a name made of the provider's.
 */
export async function provision(
  ctx: { db: Database; clock: Clock },
  provider: IdentityProvider,
  identity: UpstreamIdentity,
  facts: Facts,
): Promise<Provisioned> {
  for (let attempt = 1; ; attempt += 1) {
    const { db } = ctx;
    if (facts.email !== null && (await findAccountByIdentifier(db.knex, facts.email))) {
      const known = await recognise(ctx, provider, identity, facts);
      return known ? { ok: true, ...known } : { ok: false, reason: 'email-taken' };
    }
    const isFree = facts.username !== null && !(await findAccountByIdentifier(db.knex, facts.username));
    const username = isFree ? facts.username : null;
    try {
      const made = await db.transaction((tx) =>
        insertBoth(tx, ctx.clock.now(), { provider, identity, facts, username }),
      );
      return { ok: true, ...made };
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      if (error instanceof AlreadyConnected) {
        const known = await recognise(ctx, provider, identity, facts);
        if (known) return { ok: true, ...known };
      } else if (!isTaken(error)) throw error;
    }
  }
}

/** Rolls the account back: the identity came to another one in the meantime. */
class AlreadyConnected extends Error {
  override readonly name = 'AlreadyConnected';
}

async function insertBoth(
  tx: Knex.Transaction,
  now: Date,
  {
    provider,
    identity: { issuer, subject },
    facts,
    username,
  }: { provider: IdentityProvider; identity: UpstreamIdentity; facts: Facts; username: string | null },
): Promise<Recognised> {
  const account: Account = {
    id: newId('usr'),
    username: username ?? (facts.email === null ? madeUpName(provider) : null),
    email: facts.email,
    emailVerified: facts.emailVerified,
    profile: facts.profile,
    hasPassword: false,
    passwordChangedAt: null,
    passwordChangeRequired: false,
    disabledAt: null,
    createdAt: now,
    updatedAt: now,
  };
  const identity = {
    id: newId('idn'),
    providerId: provider.id,
    issuer,
    subject,
    accountId: account.id,
    label: labelOf(facts),
    linkedAt: now,
    lastUsedAt: now,
  };
  const actor = actorOf(provider);
  await insertAccount(tx, account, null);
  if (!(await insertIdentity(tx, identity))) throw new AlreadyConnected();
  await record(tx, { occurredAt: now, type: 'account.created', actor, accountId: account.id });
  await record(tx, {
    occurredAt: now,
    type: 'identity.linked',
    actor,
    accountId: account.id,
    detail: { identityId: identity.id, provider: provider.slug },
  });
  return { account, identity };
}

const MADE_UP_CHARACTERS = 10;

/** 36^10 names under one slug: the unique index decides in the end. */
function madeUpName({ slug }: IdentityProvider): string {
  const random = newId('x')
    .slice(2, 2 + MADE_UP_CHARACTERS)
    .toLowerCase();
  return `${slug.replaceAll(/-+/g, '-')}.${random}`;
}

function isTaken(error: unknown): boolean {
  return ['accounts_username', 'accounts_email'].includes(violatedConstraint(error) ?? '');
}
