import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Egress } from '../http/egress.ts';
import type { Logger } from '../log.ts';
import type { IdentityProviderOf } from './identity-provider.ts';
import type { UpstreamIdentity } from './identity.ts';
import type { OidcIssuers } from './oidc-issuers.ts';
import type { Kind } from './settings.ts';

/** What the protocol modules need of the house. */
export interface ProtocolContext {
  readonly config: Config;
  readonly clock: Clock;
  readonly db: Database;
  readonly log: Logger;
  readonly seal: Seal;
  readonly egress: Egress;
  readonly oidcIssuers: OidcIssuers;
}

/** What the person or the client that sent them wants of this sign-in. */
export interface Wishes {
  /** What the person typed, for the provider's own form. */
  readonly loginHint?: string | undefined;
  readonly uiLocales?: string | undefined;
  /** The person must prove themselves there no longer ago than this; 0: now. undefined: their session may do. */
  readonly maxAgeSeconds?: number | undefined;
  /** Let them choose among their accounts there. */
  readonly selectAccount?: boolean | undefined;
}

export interface Beginning {
  /** Where the browser goes. */
  readonly url: string;
  /** What has to be there again when it comes back; sealed in the request's row. */
  readonly kept: Kept;
}

export type Kept = Readonly<Record<string, string>>;

/** The parameters that the browser brought back, by name; each at most once. */
export type UpstreamAnswer = Readonly<Record<string, string>>;

/** A provider that is asked by sending the browser there and back. */
export interface RedirectProtocol<K extends Kind> {
  /** Throws an `UpstreamError`. */
  begin(
    ctx: ProtocolContext,
    provider: IdentityProviderOf<K>,
    asked: Wishes & { readonly state: string },
  ): Promise<Beginning>;
  /** Checks everything about the answer but whether its request was used before. Throws an `UpstreamError`. */
  finish(
    ctx: ProtocolContext,
    provider: IdentityProviderOf<K>,
    came: { readonly state: string; readonly kept: Kept; readonly answer: UpstreamAnswer },
  ): Promise<UpstreamIdentity>;
}
