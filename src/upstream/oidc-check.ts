import { randomUUID } from 'node:crypto';

import { genericGrantRequest, ResponseBodyError, WWWAuthenticateChallengeError } from 'openid-client';
import { z } from 'zod';

import { callbackUri } from './addresses.ts';
import { guardedFetch } from './guarded-fetch.ts';
import type { IdentityProviderOf } from './identity-provider.ts';
import { acceptedAlgs, configurationOf, createOidcIssuers } from './oidc-issuers.ts';
import { UpstreamError } from './problem.ts';
import type { ProtocolContext } from './protocol.ts';

export interface OidcCheck {
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  /** Of ID tokens, those of theirs that we accept. */
  readonly signingAlgs: readonly string[];
  readonly keys: number;
  /** RFC 7636; `unknown`: their metadata does not say. */
  readonly pkce: 'S256' | 'none' | 'unknown';
  /** RFC 9207. */
  readonly namesItself: boolean;
  /** Whether it tells us when somebody signs out there. */
  readonly signsOut: boolean;
}

type CheckContext = Pick<ProtocolContext, 'config' | 'clock' | 'seal' | 'egress' | 'log'>;

const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/**
 * Everything that a sign-in needs of an OpenID provider but a person: its metadata, keys, and that it knows our client by its
 * credentials. Throws an `UpstreamError` that says what is wrong.
 */
export async function checkOpenIdProvider(
  ctx: CheckContext,
  provider: IdentityProviderOf<'oidc'>,
): Promise<OidcCheck> {
  const metadata = await createOidcIssuers().metadata(ctx, provider.settings.issuer);
  const signingAlgs = acceptedAlgs(metadata);
  if (signingAlgs.length === 0) {
    const offered = metadata.id_token_signing_alg_values_supported?.join(', ');
    throw new UpstreamError('wrong', `its ID tokens are signed with ${offered}, which is not accepted`);
  }
  const keys = await countKeys(ctx, metadata.jwks_uri ?? '');
  const methods = metadata.code_challenge_methods_supported;
  await checkCredentials(ctx, provider, configurationOf(ctx, provider, metadata));
  return {
    authorizationEndpoint: metadata.authorization_endpoint ?? '',
    tokenEndpoint: metadata.token_endpoint ?? '',
    signingAlgs,
    keys,
    pkce: methods === undefined ? 'unknown' : methods.includes('S256') ? 'S256' : 'none',
    namesItself: metadata.authorization_response_iss_parameter_supported === true,
    signsOut: metadata['backchannel_logout_supported'] === true,
  };
}

async function countKeys(ctx: CheckContext, uri: string): Promise<number> {
  const answer = await guardedFetch(ctx)(uri, {
    method: 'GET',
    headers: { accept: 'application/json' },
    body: undefined,
    redirect: 'manual',
  }).catch((cause: unknown) => {
    throw new UpstreamError('away', 'its keys cannot be fetched', { cause });
  });
  const parsed = keySet.safeParse(await answer.json().catch(() => undefined));
  if (!answer.ok || !parsed.success || parsed.data.keys.length === 0) {
    throw new UpstreamError('wrong', 'there are no keys where its metadata says');
  }
  return parsed.data.keys.length;
}

/** A code that nobody issued is refused for itself only by a provider that knows who asks (RFC 6749 §5.2). */
async function checkCredentials(
  { config }: CheckContext,
  { slug }: IdentityProviderOf<'oidc'>,
  configuration: ReturnType<typeof configurationOf>,
): Promise<void> {
  try {
    await genericGrantRequest(configuration, 'authorization_code', {
      code: randomUUID(),
      redirect_uri: callbackUri(config.issuer, slug),
      code_verifier: randomUUID() + randomUUID(),
    });
  } catch (cause) {
    if (cause instanceof ResponseBodyError && cause.error === 'invalid_grant') return;
    const isClient =
      cause instanceof WWWAuthenticateChallengeError ||
      (cause instanceof ResponseBodyError && cause.error === 'invalid_client');
    const detail = isClient ? 'it does not know our client id and secret' : 'it refuses our token request';
    throw new UpstreamError('wrong', detail, { cause });
  }
  throw new UpstreamError('wrong', 'it gave tokens for a code that nobody issued');
}
