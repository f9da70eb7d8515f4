/**
 * Other people's identity providers: how to ask each of them who somebody is, what their answer is worth, and which account a
 * person of theirs is here. An identity is an issuer and a subject, never an e-mail address (ASVS 5.0 V6.8.1). This room
 * speaks their protocols (OIDC Core, OIDC Discovery, RFC 9207, OIDC Back-Channel Logout); it does not own the pages
 * between, nor sessions and tokens: what ends those (disabling, deleting, a logout of theirs) is in `revocation/`.
 */
import type { Kind, SettingsOf } from './settings.ts';

interface Common {
  readonly id: string;
  /** `[a-z0-9-]{1,40}`: the provider's name in URLs. */
  readonly slug: string;
  /** On its button and in sentences. */
  readonly name: string;
  /** E-mail domains, folded, whose people are sent here. */
  readonly domains: readonly string[];
  readonly hasButton: boolean;
  /** Our claim → their claim or attribute. */
  readonly mapping: Mapping;
  /** `create`: strangers get an account. `link-only`: they connect one that they can sign in to. */
  readonly provisioning: Provisioning;
  /** What they call a verified e-mail address counts as verified here. */
  readonly trustsEmail: boolean;
  /** A second factor that they asked for counts here. */
  readonly trustsMfa: boolean;
  /** Their claim or attribute that holds somebody's groups; null: the kind's own (mapping.ts). */
  readonly groupsAttribute: string | null;
  /** One JSON object under this room's seal, see secrets.ts; null: there are none. */
  readonly sealedSecrets: Buffer | null;
  readonly disabledAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type IdentityProviderOf<K extends Kind> = Common & {
  readonly kind: K;
  readonly settings: SettingsOf<K>;
};

export type IdentityProvider = { [K in Kind]: IdentityProviderOf<K> }[Kind];

export type Mapping = Readonly<Record<string, string>>;

export const PROVISIONINGS = ['create', 'link-only'] as const;
export type Provisioning = (typeof PROVISIONINGS)[number];

/** NOTIFY channel: a provider was made, changed, disabled or deleted. */
export const PROVIDERS_CHANNEL = 'guichet_identity_providers';
