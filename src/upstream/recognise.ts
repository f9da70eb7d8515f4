import type { Knex } from 'knex';

import type { Account } from '../accounts/account.ts';
import { mergeProfile } from '../accounts/rules.ts';
import { lockAccount, saveAccount } from '../accounts/store.ts';
import { record, type Actor } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import type { IdentityProvider } from './identity-provider.ts';
import { findIdentity, saveIdentityUse } from './identity-store.ts';
import type { Identity, UpstreamIdentity } from './identity.ts';
import { labelOf, type Facts } from './mapping.ts';

export interface Recognised {
  readonly account: Account;
  readonly identity: Identity;
}

/**
 * The account of somebody who came before, its profile brought up to date: mapped claims that the provider sent replace those
 * there are, and nothing is taken away. Username and e-mail address stay what they are, since people sign in with them; an
 * address that is the same as theirs may become verified and never ceases to be. undefined: a stranger.
 */
export async function recognise(
  { db, clock }: { db: Database; clock: Clock },
  provider: IdentityProvider,
  { issuer, subject }: UpstreamIdentity,
  facts: Facts,
): Promise<Recognised | undefined> {
  return db.transaction(async (tx) => {
    const identity = await findIdentity(tx, { providerId: provider.id, issuer, subject });
    const before = identity && (await lockAccount(tx, identity.accountId));
    if (!identity || !before) return undefined;
    const now = clock.now();
    await saveIdentityUse(tx, identity.id, { label: labelOf(facts), now });
    if (before.disabledAt !== null) return { account: before, identity };
    const account = await refresh(tx, { before, facts, now, actor: actorOf(provider) });
    return { account, identity };
  });
}

/** Who changed an account when its person came through a provider. */
export function actorOf({ slug }: Pick<IdentityProvider, 'slug'>): Actor {
  return `identity-provider:${slug}`;
}

async function refresh(
  tx: Knex.Transaction,
  { before, facts, now, actor }: { before: Account; facts: Facts; now: Date; actor: Actor },
): Promise<Account> {
  const profile = mergeProfile(before.profile, { ...facts.profile });
  const emailVerified = before.emailVerified || (facts.emailVerified && facts.email === before.email);
  const changed = Object.keys(profile).filter((claim) => !isSame(profile, before.profile, claim));
  if (emailVerified !== before.emailVerified) changed.push('emailVerified');
  if (changed.length === 0) return before;
  const account = { ...before, profile, emailVerified, updatedAt: now };
  await saveAccount(tx, account);
  await record(tx, {
    occurredAt: now,
    type: 'account.updated',
    actor,
    accountId: before.id,
    detail: { changed },
  });
  return account;
}

/** jsonb orders members its own way, so that addresses are compared by member. */
function isSame(after: object, before: object, claim: string): boolean {
  const [a, b] = [after, before].map((profile) =>
    JSON.stringify(sorted(new Map(Object.entries(profile)).get(claim))),
  );
  return a === b;
}

function sorted(value: unknown): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
    : value;
}
