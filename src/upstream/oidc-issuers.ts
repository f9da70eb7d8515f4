import {
  allowInsecureRequests,
  ClientSecretBasic,
  ClientSecretPost,
  clockSkew,
  clockTolerance,
  Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  None,
  type ServerMetadata,
} from 'openid-client';

import { systemClock } from '../clock.ts';
import { guardedFetch, TIMEOUT_SECONDS } from './guarded-fetch.ts';
import type { IdentityProviderOf } from './identity-provider.ts';
import { createLogoutKeys, type LogoutKeys } from './logout-keys.ts';
import { SIGNING_ALGS, type OidcSettings } from './oidc-settings.ts';
import { UpstreamError } from './problem.ts';
import type { ProtocolContext } from './protocol.ts';
import { openSecrets } from './secrets.ts';

/** How long a discovery document is used; a provider that moves an endpoint keeps the old one for longer than that. */
const FRESH_MS = 3_600_000;
/** A provider whose discovery document is away for a while may well answer sign-ins. */
const STALE_MS = 24 * FRESH_MS;
/** Until then nobody waits again for a document that could not be read. */
const RETRY_MS = 60_000;
/** Clocks of other people's servers. RFC 7519 §4.1.4: "usually no more than a few minutes"; NTP keeps them within seconds. */
export const TOLERANCE_SECONDS = 30;
/** More than any house has providers. */
const ISSUERS_MAX = 1000;

/** Discovery documents by issuer, read once an hour and shared by everybody who waits. */
export interface OidcIssuers {
  /** Throws an `UpstreamError`. */
  metadata(ctx: IssuerContext, issuer: string): Promise<ServerMetadata>;
  readonly logoutKeys: LogoutKeys;
}

type IssuerContext = Pick<ProtocolContext, 'config' | 'clock' | 'egress' | 'log'>;

interface Entry {
  readonly metadata: Promise<ServerMetadata>;
  readonly readAtMs: number;
  readonly freshUntilMs: number;
}

export function createOidcIssuers(): OidcIssuers {
  const entries = new Map<string, Entry>();

  function read(ctx: IssuerContext, issuer: string): Promise<ServerMetadata> {
    const before = entries.get(issuer);
    const now = ctx.clock.now().getTime();
    const metadata = discover(ctx, issuer).catch((error: unknown) => {
      const isCurrent = entries.get(issuer) === entry;
      if (isCurrent) entries.delete(issuer);
      if (!before || now - before.readAtMs > STALE_MS) throw error;
      if (isCurrent) entries.set(issuer, { ...before, freshUntilMs: now + RETRY_MS });
      ctx.log.warn(
        { err: error, issuer },
        'a discovery document cannot be read; the last known one stays in use',
      );
      return before.metadata;
    });
    const entry: Entry = { metadata, readAtMs: now, freshUntilMs: now + FRESH_MS };
    if (entries.size >= ISSUERS_MAX) entries.clear();
    entries.set(issuer, entry);
    return metadata;
  }

  return {
    logoutKeys: createLogoutKeys(),
    async metadata(ctx, issuer) {
      const entry = entries.get(issuer);
      const isFresh = entry !== undefined && ctx.clock.now().getTime() < entry.freshUntilMs;
      return isFresh ? entry.metadata : read(ctx, issuer);
    },
  };
}

/**
 * The library's view of one provider, made for one use. It fetches the keys anew each time: a key that the provider takes back
 * is refused at the next sign-in, and a new one is known at once.
 */
export function configurationOf(
  ctx: Pick<ProtocolContext, 'config' | 'clock' | 'seal' | 'egress'>,
  provider: IdentityProviderOf<'oidc'>,
  metadata: ServerMetadata,
): Configuration {
  const { clientId } = provider.settings;
  const client = {
    [clockSkew]: Math.round((ctx.clock.now().getTime() - systemClock.now().getTime()) / 1000),
    [clockTolerance]: TOLERANCE_SECONDS,
  };
  const secret = openSecrets(ctx.seal, provider)['clientSecret'];
  const narrowed = {
    ...metadata,
    id_token_signing_alg_values_supported: acceptedAlgs(metadata),
  };
  const configuration = new Configuration(
    narrowed,
    clientId,
    client,
    authentication(provider.settings, secret),
  );
  configuration[customFetch] = guardedFetch(ctx);
  configuration.timeout = TIMEOUT_SECONDS;
  // Its name in the library; what it does is check the ID token's signature (OIDC Core §3.1.3.7 rule 6 leaves it out for TLS).
  enableNonRepudiationChecks(configuration);
  if (mayUseHttp(ctx, metadata.issuer)) allowInsecureRequests(configuration);
  return configuration;
}

/** RFC 8725 §3.1: what they say they may sign ID tokens with (OIDC Discovery §3: RS256 at least), within what we accept. */
export function acceptedAlgs({
  id_token_signing_alg_values_supported: offered = ['RS256'],
}: Pick<ServerMetadata, 'id_token_signing_alg_values_supported'>): string[] {
  return SIGNING_ALGS.filter((alg) => offered.includes(alg));
}

async function discover(ctx: IssuerContext, issuer: string): Promise<ServerMetadata> {
  try {
    const found = await discovery(new URL(issuer), 'none', undefined, None(), {
      [customFetch]: guardedFetch(ctx),
      timeout: TIMEOUT_SECONDS,
      execute: mayUseHttp(ctx, issuer) ? [allowInsecureRequests] : [],
    });
    // Without the library's own method.
    const metadata: ServerMetadata = { ...found.serverMetadata() };
    checkMetadata(ctx, issuer, metadata);
    return metadata;
  } catch (cause) {
    if (cause instanceof UpstreamError) throw cause;
    throw new UpstreamError('away', `the discovery document of ${issuer} cannot be read`, { cause });
  }
}

/** OIDC Discovery §4.3: the issuer is the one asked for, exactly. The browser is sent to one of the addresses, so they are looked at. */
function checkMetadata(ctx: IssuerContext, issuer: string, metadata: ServerMetadata): void {
  if (metadata.issuer !== issuer) {
    throw new UpstreamError('wrong', `the discovery document of ${issuer} is that of another issuer`);
  }
  const needed = [metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri];
  for (const address of [...needed, metadata.userinfo_endpoint ?? issuer]) {
    const url = address === undefined ? null : URL.parse(address);
    const isWeb = url?.protocol === 'https:' || (url?.protocol === 'http:' && mayUseHttp(ctx, issuer));
    if (!isWeb) throw new UpstreamError('wrong', `the discovery document of ${issuer} lacks an endpoint`);
  }
}

/** A provider on this machine, for whom is developing. */
function mayUseHttp({ config }: Pick<ProtocolContext, 'config'>, issuer: string): boolean {
  return config.mode === 'development' && issuer.startsWith('http:');
}

function authentication({ authMethod }: OidcSettings, secret: string | undefined) {
  if (authMethod === 'none' || secret === undefined) return None();
  return authMethod === 'client_secret_post' ? ClientSecretPost(secret) : ClientSecretBasic(secret);
}
