import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import { errors } from 'oidc-provider';

import type { ClientRecord } from '../clients/client.ts';
import { isVerifiable, registrationDigest } from '../clients/identity.ts';
import { OIDC_SCOPES } from '../clients/metadata.ts';
import { toApiScopes } from '../grants/consent.ts';
import { giveConsent } from '../grants/give-consent.ts';
import { stateOf } from '../http/middleware.ts';
import type { ApiScope } from '../resources/api.ts';
import { allowedScopes } from './access-token.ts';
import { scopesOf } from './claims.ts';
import type { HallContext } from './context.ts';
import { grantTtlSeconds } from './lifetimes.ts';
import { carriedScopes } from './roles.ts';

/** What a person is asked to allow, and for how long. */
export interface ConsentRequest {
  readonly scopes: readonly string[];
  readonly apis: readonly {
    readonly audience: string;
    readonly name: string;
    readonly scopes: readonly ApiScope[];
  }[];
  /** Something was allowed before, and this is what comes on top. */
  readonly isMore: boolean;
  /** The answer holds for sessions to come; else the person is asked in each of them. */
  readonly isRemembered: boolean;
}

type Details = Awaited<ReturnType<Provider['interactionDetails']>>;

interface MissingDetails {
  readonly missingOIDCScope?: readonly string[];
  readonly missingOIDCClaims?: readonly string[];
  readonly missingResourceScopes?: Readonly<Record<string, readonly string[]>>;
}

export async function consentRequest(
  hall: HallContext,
  details: Details,
  record: ClientRecord,
): Promise<ConsentRequest> {
  const found = await missing(hall, details);
  const { missingOIDCScope = [], missingOIDCClaims = [], missingResourceScopes = {} } = found;
  const apis: ConsentRequest['apis'][number][] = [];
  for (const [audience, names] of Object.entries(missingResourceScopes)) {
    const api = await hall.apis.findByAudience(audience);
    if (!api) continue;
    apis.push({ audience, name: api.name, scopes: api.scopes.filter((scope) => names.includes(scope.name)) });
  }
  const redirectUri = details.params['redirect_uri'];
  return {
    scopes: [...new Set([...missingOIDCScope, ...scopesOf(missingOIDCClaims)])],
    apis,
    isMore: details.grantId !== undefined && isNew(details.prompt.details),
    isRemembered: isVerifiable(record, typeof redirectUri === 'string' ? redirectUri : undefined),
  };
}

/**
 * Writes down what the person allowed, and makes the grant of this session under it. The id of the grant. Should the consent be
 * withdrawn in between, there is no grant of that id, and the person is asked again.
 */
export async function allowConsent(hall: HallContext, provider: Provider, ctx: Context): Promise<string> {
  const details = await provider.interactionDetails(ctx.req, ctx.res);
  const accountId = details.session?.accountId;
  if (accountId === undefined) throw new errors.SessionNotFound('nobody is signed in');
  const clientId = String(details.params['client_id']);
  const record = await hall.clients.find(clientId);
  if (!record) throw new errors.SessionNotFound('the client is gone');
  const known = details.grantId === undefined ? undefined : await provider.Grant.find(details.grantId);
  const grant = known ?? new provider.Grant({ accountId, clientId });

  const found = await missing(hall, details);
  const { missingOIDCScope = [], missingOIDCClaims = [], missingResourceScopes = {} } = found;
  if (missingOIDCScope.length > 0) grant.addOIDCScope([...missingOIDCScope]);
  if (missingOIDCClaims.length > 0) grant.addOIDCClaims([...missingOIDCClaims]);
  for (const [audience, scopes] of Object.entries(missingResourceScopes)) {
    grant.addResourceScope(audience, [...scopes]);
  }
  const consent = {
    accountId,
    clientId,
    scopes: missingOIDCScope,
    claims: missingOIDCClaims,
    apiScopes: toApiScopes(missingResourceScopes),
    registration: registrationDigest(record),
  };
  const { requestId, address } = stateOf(ctx);
  await giveConsent(hall, consent, { requestId, address });
  // A saved grant keeps its first end unless it is moved (models/base_token.js), and with it every token of the client dies.
  grant.exp = Math.floor(hall.clock.now().getTime() / 1000) + grantTtlSeconds(hall.config);
  return grant.save();
}

/** What is new; everything, where nothing is new and the person is asked all the same (native clients, `prompt=consent`). */
async function missing(hall: HallContext, details: Details): Promise<MissingDetails> {
  const found: MissingDetails = details.prompt.details;
  if (isNew(found)) return found;
  const { scope } = details.params;
  const asked = typeof scope === 'string' ? scope.split(' ') : [];
  const oidc: ReadonlySet<string> = new Set(OIDC_SCOPES);
  const resources: Record<string, string[]> = {};
  for (const audience of [details.params['resource'] ?? []].flat().map(String)) {
    const api = await hall.apis.findByAudience(audience);
    const allowed = (await allowedScopes(hall, { clientId: String(details.params['client_id']) }, api)) ?? [];
    const subject = details.session && { accountId: details.session.accountId };
    const carried = api && (await carriedScopes(hall, api, subject));
    resources[audience] = allowed.filter((name) => asked.includes(name) && (carried?.has(name) ?? true));
  }
  return {
    missingOIDCScope: asked.filter((scope) => oidc.has(scope)),
    missingResourceScopes: resources,
  };
}

function isNew(found: MissingDetails): boolean {
  return Boolean(found.missingOIDCScope ?? found.missingOIDCClaims ?? found.missingResourceScopes);
}
