import { record, type Actor } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import { newId } from '../crypto/ids.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Database } from '../db/database.ts';
import { violatedConstraint } from '../db/violation.ts';
import { AppError } from '../errors.ts';
import type { IdentityProvider, Provisioning } from './identity-provider.ts';
import { defaultMappingOf } from './mapping.ts';
import {
  checkDomains,
  checkGroupsAttribute,
  checkMapping,
  checkName,
  checkSettings,
  checkSlug,
  invalid,
  slugOf,
} from './rules.ts';
import { sealSecrets, type ProviderSecrets } from './secrets.ts';
import type { Kind } from './settings.ts';
import {
  countProviders,
  findOtherDefault,
  findTakenDomain,
  insertProvider,
  lockRegistry,
  PROVIDERS_MAX,
} from './store.ts';

export interface UpstreamContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly seal: Seal;
}

export interface NewProvider {
  readonly kind: Kind;
  readonly name: string;
  /** Made of the name when there is none. */
  readonly slug?: string | undefined;
  /** Checked against the kind's schema. */
  readonly settings: unknown;
  readonly secrets: ProviderSecrets;
  readonly domains?: readonly string[] | undefined;
  readonly hasButton?: boolean | undefined;
  /** Over the kind's own; null takes one away. */
  readonly mapping?: Readonly<Record<string, string | null>> | undefined;
  readonly provisioning?: Provisioning | undefined;
  readonly trustsEmail?: boolean | undefined;
  readonly trustsMfa?: boolean | undefined;
  /** null: the kind's own. */
  readonly groupsAttribute?: string | null | undefined;
  readonly actor: Actor;
}

/**
 * Throws `invalid_identity_provider` (400), `slug_taken`, `domain_taken`, `default_taken` or
 * `too_many_identity_providers` (409). Whether the
 * provider can be reached is another question, see oidc-check.ts.
 */
export async function createProvider(ctx: UpstreamContext, input: NewProvider): Promise<IdentityProvider> {
  const now = ctx.clock.now();
  const id = newId('idp');
  const name = checkName(input.name);
  const provider = {
    id,
    slug: checkSlug(input.slug ?? slugOf(name)),
    name,
    kind: input.kind,
    settings: checkSettings(input.kind, input.settings),
    sealedSecrets: sealSecrets(ctx.seal, id, input.secrets),
    domains: checkDomains(input.domains ?? []),
    hasButton: input.hasButton ?? input.kind !== 'ldap',
    mapping: mergeMapping(defaultMappingOf(input.kind), input.mapping ?? {}),
    provisioning: input.provisioning ?? 'create',
    trustsEmail: input.trustsEmail ?? false,
    trustsMfa: input.trustsMfa ?? false,
    groupsAttribute: checkGroupsAttribute(input.groupsAttribute ?? null),
    disabledAt: null,
    createdAt: now,
    updatedAt: now,
    // The kind and its settings belong together since checkSettings; the compiler sees two unions.
  } as IdentityProvider;
  requireWayIn(provider);
  await ctx.db
    .transaction(async (tx) => {
      await lockRegistry(tx);
      if ((await countProviders(tx)) >= PROVIDERS_MAX) throw tooMany();
      refuseTakenDomain(await findTakenDomain(tx, provider));
      refuseSecondDefault(await findOtherDefault(tx, provider));
      await insertProvider(tx, provider);
      await record(tx, {
        occurredAt: now,
        type: 'identity-provider.created',
        actor: input.actor,
        detail: { providerId: id, slug: provider.slug, kind: provider.kind },
      });
    })
    .catch(refuseTakenSlug);
  return provider;
}

export function mergeMapping(
  before: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | null>>,
): Readonly<Record<string, string>> {
  const merged = Object.entries({ ...before, ...changes });
  const kept = merged.filter((entry): entry is [string, string] => entry[1] !== null);
  return checkMapping(Object.fromEntries(kept));
}

/** Nobody would ever come through it. A directory is asked by the password form, so that a button has no meaning. */
export function requireWayIn(provider: IdentityProvider): void {
  const { kind, domains, hasButton } = provider;
  if (domains.length > 0) return;
  if (kind === 'ldap') {
    if (!provider.settings.isDefault) throw invalid('A directory needs a domain, or to be the default one.');
  } else if (!hasButton) throw invalid('A provider without a button needs at least one domain.');
}

export function refuseSecondDefault(other: string | undefined): void {
  if (other === undefined) return;
  throw new AppError('default_taken', `The identity provider ${other} is the default directory.`, {
    status: 409,
  });
}

export function refuseTakenDomain(domain: string | undefined): void {
  if (domain === undefined) return;
  throw new AppError('domain_taken', `Another identity provider has the domain ${domain}.`, { status: 409 });
}

export function refuseTakenSlug(error: unknown): never {
  if (violatedConstraint(error) !== 'identity_providers_slug_key') throw error;
  throw new AppError('slug_taken', 'Another identity provider has this slug.', { status: 409, cause: error });
}

function tooMany(): AppError {
  return new AppError('too_many_identity_providers', `There can be ${PROVIDERS_MAX} identity providers.`, {
    status: 409,
  });
}
