import { record, type Actor } from '../audit/record.ts';
import type { Seal } from '../crypto/seal.ts';
import { AppError } from '../errors.ts';
import {
  listDirectoryIdentities,
  saveAbsent,
  savePresent,
  type DirectoryIdentity,
} from '../upstream/absence-store.ts';
import type { IdentityProviderOf } from '../upstream/identity-provider.ts';
import type { LdapContext } from '../upstream/ldap-connection.ts';
import { findAbsent, SUBJECTS_MAX } from '../upstream/ldap-presence.ts';
import { openSecrets } from '../upstream/secrets.ts';
import { revokeWithin, revoking, type RevocationContext } from './revoke.ts';

type SyncContext = RevocationContext & LdapContext & { readonly seal: Seal };

export interface Sync {
  readonly people: number;
  /** Account ids of those who have left since the last time. */
  readonly left: readonly string[];
  /** JWT access tokens that were alive and no longer are. */
  readonly tokens: number;
}

/** A page of searches on one connection. */
const PAGE_TIMEOUT_MS = 30_000;

/** So few may leave at once in any company. */
const LEAVERS_FREE = 10;
/** Beyond that, more than this part of everybody looks like a changed base, filter or right of the service account. */
const LEAVERS_PART_MAX = 0.2;

/**
 * Signs out whoever a directory does not let in any more, everywhere and with all tokens, once; what else they may sign in with
 * is left alone. Nothing happens unless every page was answered. Throws `directory_unavailable` (503), and
 * `too_many_left` (409) when it looks as if the directory was misread; `force` believes it all the same.
 */
export async function syncDirectory(
  ctx: SyncContext,
  provider: IdentityProviderOf<'ldap'>,
  options: { readonly actor: Actor; readonly force?: boolean; readonly dryRun?: boolean },
): Promise<Sync> {
  const askedAt = ctx.clock.now();
  const { people, left, back } = await compare(ctx, provider);
  const isUnlikely = left.length > LEAVERS_FREE && left.length > people * LEAVERS_PART_MAX;
  if (isUnlikely && options.force !== true) throw tooManyLeft(left.length, people);
  const ids = left.map(({ accountId }) => accountId);
  if (options.dryRun === true) return { people, left: ids, tokens: 0 };
  await savePresent(
    ctx.db.knex,
    back.map(({ id }) => id),
  );
  let tokens = 0;
  for (const identity of left) tokens += await signOut(ctx, { provider, identity, askedAt, ...options });
  return { people, left: ids, tokens };
}

interface Comparison {
  readonly people: number;
  readonly left: readonly DirectoryIdentity[];
  readonly back: readonly DirectoryIdentity[];
}

async function compare(ctx: SyncContext, provider: IdentityProviderOf<'ldap'>): Promise<Comparison> {
  const { bindPassword = '' } = openSecrets(ctx.seal, provider);
  const directory = {
    settings: provider.settings,
    mapping: provider.mapping,
    groupsAttribute: provider.groupsAttribute,
    bindPassword,
  };
  const asking = { ...ctx, directoryTimeoutMs: PAGE_TIMEOUT_MS };
  const left: DirectoryIdentity[] = [];
  const back: DirectoryIdentity[] = [];
  let people = 0;
  for (let after = ''; ;) {
    const page = await listDirectoryIdentities(ctx.db.knex, {
      providerId: provider.id,
      after,
      limit: SUBJECTS_MAX,
    });
    if (page.length === 0) return { people, left, back };
    const subjects = page.map(({ subject }) => subject);
    const absent = new Set(await findAbsent(asking, directory, subjects));
    left.push(...page.filter(({ subject, absentAt }) => absent.has(subject) && absentAt === null));
    back.push(...page.filter(({ subject, absentAt }) => !absent.has(subject) && absentAt !== null));
    people += page.length;
    after = page.at(-1)?.id ?? '';
  }
}

async function signOut(
  ctx: SyncContext,
  {
    provider,
    identity: { id, accountId },
    askedAt,
    actor,
  }: {
    provider: IdentityProviderOf<'ldap'>;
    identity: DirectoryIdentity;
    askedAt: Date;
    actor: Actor;
  },
): Promise<number> {
  return revoking(ctx, async (tx) => {
    if (!(await saveAbsent(tx, { id, askedAt }))) return 0;
    await record(tx, {
      occurredAt: ctx.clock.now(),
      type: 'identity.absent',
      actor,
      accountId,
      detail: { identityId: id, provider: provider.slug },
    });
    const { tokens } = await revokeWithin(tx, ctx, { account: accountId }, actor);
    return tokens;
  });
}

function tooManyLeft(left: number, people: number): AppError {
  return new AppError(
    'too_many_left',
    `The directory does not know ${left} of ${people} people any more. Nobody was signed out; use --force if that is so.`,
    { status: 409 },
  );
}
