import { AppError } from '../errors.ts';
import type { IdentityProvider, IdentityProviderOf } from './identity-provider.ts';
import { checkDirectory, type Directory } from './ldap.ts';
import { checkOpenIdProvider, type OidcCheck } from './oidc-check.ts';
import { UpstreamError } from './problem.ts';
import type { ProtocolContext } from './protocol.ts';
import { openSecrets } from './secrets.ts';

export type ProviderCheck =
  | { readonly kind: 'oidc'; readonly found: OidcCheck }
  | { readonly kind: 'ldap'; readonly found: Awaited<ReturnType<typeof checkDirectory>> }
  /** The operator is told what people are not: which certificate, which password, which address. */
  | { readonly kind: 'unusable'; readonly code: string; readonly reason: string };

/**
 * As far as a sign-in goes without a person: metadata and credentials, or a bind and a search for `identifier`. Throws
 * `nothing_to_check` (409) of a SAML provider.
 */
export async function checkProvider(
  ctx: Pick<ProtocolContext, 'config' | 'clock' | 'seal' | 'egress' | 'log'>,
  provider: IdentityProvider,
  identifier: string,
): Promise<ProviderCheck> {
  switch (provider.kind) {
    case 'oidc':
      return checkOpenIdProvider(ctx, provider).then((found) => ({ kind: 'oidc', found }), openIdProblem);
    case 'ldap':
      return checkDirectory(ctx, directoryOf(ctx, provider), identifier).then(
        (found) => ({ kind: 'ldap', found }),
        directoryProblem,
      );
    case 'saml':
      throw new AppError(
        'nothing_to_check',
        'A SAML provider is never called: there is nothing to check but a sign-in.',
        { status: 409 },
      );
  }
}

function directoryOf(
  { seal }: Pick<ProtocolContext, 'seal'>,
  provider: IdentityProviderOf<'ldap'>,
): Directory {
  const { bindPassword = '' } = openSecrets(seal, provider);
  const { settings, mapping, groupsAttribute } = provider;
  return { settings, mapping, groupsAttribute, bindPassword };
}

function openIdProblem(error: unknown): ProviderCheck {
  if (!(error instanceof UpstreamError)) throw error;
  const reason = error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
  return { kind: 'unusable', code: 'identity_provider_unusable', reason };
}

function directoryProblem(error: unknown): ProviderCheck {
  if (!(error instanceof AppError) || error.code !== 'directory_unavailable') throw error;
  const reason = error.cause instanceof Error ? error.cause.message : error.message;
  return { kind: 'unusable', code: error.code, reason };
}
