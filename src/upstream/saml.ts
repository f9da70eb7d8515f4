/**
 * This server as a service provider of SAML 2.0: Web Browser SSO (SAML Profiles §4.1), a request by redirect, a response by
 * post. A response is believed for one thing: an assertion that the provider itself signed, for us, for this request, now and
 * once. What a provider says unasked is not believed at all, because anybody could make a browser bring it (login CSRF).
 */
import { epochSeconds } from '../clock.ts';
import { sha256 } from '../crypto/digest.ts';
import { randomToken } from '../crypto/ids.ts';
import { acsUri, entityIdOf } from './addresses.ts';
import type { IdentityProviderOf } from './identity-provider.ts';
import type { UpstreamIdentity } from './identity.ts';
import { singleValue } from './mapping.ts';
import type {
  Beginning,
  Kept,
  ProtocolContext,
  RedirectProtocol,
  UpstreamAnswer,
  Wishes,
} from './protocol.ts';
import { methodsOf, withShortNames } from './saml-attributes.ts';
import type { Statement } from './saml-assertion.ts';
import { readResponse } from './saml-response.ts';
import { insertAssertion } from './saml-store.ts';
import { wrong } from './saml-xml.ts';
import { openSecrets } from './secrets.ts';

type Provider = IdentityProviderOf<'saml'>;

export const samlProtocol: RedirectProtocol<'saml'> = { begin, finish };

async function begin(
  ctx: ProtocolContext,
  provider: Provider,
  { state, maxAgeSeconds }: Wishes & { readonly state: string },
): Promise<Beginning> {
  const { settings, slug } = provider;
  // An xs:ID begins with a letter or `_`.
  const requestId = `_${randomToken(20)}`;
  const privateKey = settings.signsRequests ? privateKeyOf(ctx, provider) : undefined;
  // Loaded with the first sign-in: its XML is a tenth of a start, which most servers never need.
  const { SAML } = await import('@node-saml/node-saml');
  const saml = new SAML({
    issuer: entityIdOf(ctx.config.issuer, slug),
    callbackUrl: acsUri(ctx.config.issuer, slug),
    entryPoint: settings.ssoUrl,
    idpCert: [...settings.certificates],
    generateUniqueId: () => requestId,
    identifierFormat: settings.nameIdFormat,
    // SAML has no word for "not longer ago than": whoever must be fresh proves themselves anew.
    forceAuthn: maxAgeSeconds !== undefined,
    // How people sign in there is the provider's to decide; what it says of it is read from the answer.
    disableRequestedAuthnContext: true,
    ...(privateKey === undefined ? {} : { privateKey, signatureAlgorithm: 'sha256' }),
  });
  const url = await saml.getAuthorizeUrlAsync(state, undefined, {});
  const freshFrom =
    maxAgeSeconds === undefined ? {} : { freshFrom: String(epochSeconds(ctx.clock) - maxAgeSeconds) };
  return { url, kept: { requestId, ...freshFrom } };
}

async function finish(
  ctx: ProtocolContext,
  provider: Provider,
  { kept, answer }: { readonly kept: Kept; readonly answer: UpstreamAnswer },
): Promise<UpstreamIdentity> {
  const { settings, slug } = provider;
  const { requestId, freshFrom } = kept;
  const { SAMLResponse: encoded } = answer;
  if (requestId === undefined || encoded === undefined) throw wrong('there is no response');
  const expected = {
    settings,
    audience: entityIdOf(ctx.config.issuer, slug),
    recipient: acsUri(ctx.config.issuer, slug),
    requestId,
    freshFrom: freshFrom === undefined ? undefined : new Date(Number(freshFrom) * 1000),
    now: ctx.clock.now(),
  };
  const statement = await readResponse(encoded, expected, privateKeyOf(ctx, provider));
  const { assertionId, expiresAt } = statement;
  const digest = sha256(`saml-assertion:${assertionId}`);
  if (!(await insertAssertion(ctx.db.knex, { providerId: provider.id, digest, expiresAt }))) {
    throw wrong('the assertion was used before');
  }
  return identityOf(provider, statement);
}

function identityOf({ settings, mapping }: Provider, statement: Statement): UpstreamIdentity {
  const attributes = withShortNames(statement.attributes);
  const email = mapping['email'] === undefined ? undefined : singleValue(attributes, mapping['email']);
  return {
    issuer: settings.entityId,
    subject: statement.subject,
    sid: statement.sessionIndex,
    amr: methodsOf(statement.contexts, statement.attributes),
    email: typeof email === 'string' ? email : null,
    // SAML has no word for it: whether their addresses are people's own is for `trustsEmail` to say.
    emailVerified: email !== undefined,
    attributes,
  };
}

function privateKeyOf({ seal }: Pick<ProtocolContext, 'seal'>, provider: Provider): string | undefined {
  return openSecrets(seal, provider)['privateKey'];
}
