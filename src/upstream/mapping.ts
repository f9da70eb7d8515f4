import type { Profile } from '../accounts/account.ts';
import { checkEmail, checkUsername, mergeProfile } from '../accounts/rules.ts';
import { AppError } from '../errors.ts';
import type { IdentityProvider, Mapping } from './identity-provider.ts';
import type { UpstreamIdentity } from './identity.ts';
import { MAPPED_CLAIMS } from './rules.ts';
import type { Kind } from './settings.ts';

/** What an upstream says of somebody, in our words and by our rules. What broke a rule is left out and named in `dropped`. */
export interface Facts {
  readonly username: string | null;
  readonly email: string | null;
  readonly emailVerified: boolean;
  readonly profile: Profile;
  readonly dropped: readonly string[];
}

const DEFAULT_MAPPINGS = {
  // OIDC Core §5.1 on both sides.
  oidc: Object.fromEntries(MAPPED_CLAIMS.map((claim) => [claim, claim])),
  // Names of RFC 4519 and inetOrgPerson; saml-attributes.ts knows them under the names that SAML providers use.
  saml: { email: 'mail', name: 'displayName', given_name: 'givenName', family_name: 'sn' },
  ldap: { preferred_username: 'uid', email: 'mail', name: 'cn', given_name: 'givenName', family_name: 'sn' },
} satisfies Record<Kind, Mapping>;

export function defaultMappingOf(kind: Kind): Mapping {
  return DEFAULT_MAPPINGS[kind];
}

/** Whatever an upstream sends, this answers: a value that we would refuse from anybody else is dropped. */
export function factsOf(
  provider: Pick<IdentityProvider, 'mapping' | 'trustsEmail'>,
  identity: UpstreamIdentity,
): Facts {
  const dropped: string[] = [];
  function kept<T>(claim: string, check: () => T): T | undefined {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      dropped.push(claim);
      return undefined;
    }
  }

  let profile: Profile = {};
  let username: string | null = null;
  for (const [claim, theirs] of Object.entries(provider.mapping)) {
    const value = singleValue(identity.attributes, theirs);
    if (claim === 'email' || value === undefined) continue;
    if (claim === 'preferred_username') {
      const given = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
      username = kept(claim, () => checkUsername(given)) ?? null;
    } else profile = kept(claim, () => mergeProfile(profile, { [claim]: value })) ?? profile;
  }
  const { email: theirs } = identity;
  const email = theirs === null ? null : (kept('email', () => checkEmail(theirs)) ?? null);
  return {
    username,
    email,
    emailVerified: email !== null && provider.trustsEmail && identity.emailVerified,
    profile,
    dropped,
  };
}

/** Where each kind of provider writes somebody's groups, unless its operator says otherwise. */
const DEFAULT_GROUPS = { oidc: 'groups', saml: 'groups', ldap: 'memberOf' } satisfies Record<Kind, string>;

export function groupsAttributeOf({
  kind,
  groupsAttribute,
}: Pick<IdentityProvider, 'kind' | 'groupsAttribute'>): string {
  return groupsAttribute ?? DEFAULT_GROUPS[kind];
}

/** More than anybody is in. What comes after them counts for nothing. */
const GROUPS_MAX = 1000;

/** What is not text is no group. */
export function groupsOf(
  provider: Pick<IdentityProvider, 'kind' | 'groupsAttribute'>,
  { attributes }: Pick<UpstreamIdentity, 'attributes'>,
): string[] {
  const name = groupsAttributeOf(provider);
  const value: unknown = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  return [value]
    .flat()
    .filter((group): group is string => typeof group === 'string' && group !== '')
    .slice(0, GROUPS_MAX);
}

/** How the person knows the identity, for pages. */
export function labelOf({ email, username, profile }: Facts): string | null {
  return email ?? username ?? profile.name ?? null;
}

/** Own members only; a list counts by its first member, as directories give every attribute as a list. */
export function singleValue(attributes: Readonly<Record<string, unknown>>, name: string): unknown {
  const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  const single: unknown = Array.isArray(value) ? value[0] : value;
  return single === null || single === '' ? undefined : single;
}
