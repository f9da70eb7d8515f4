/**
 * Token exchange (RFC 8693): a client that an operator allowed it gets, for a token about somebody, a token of its own for
 * another API, which says who acts for whom. The new token is never wider than the subject's grant and the client's own
 * access, never lasts longer than the token it came of, and dies with it and with all that one hangs on
 * (revocation/origin.ts). No refresh token is ever issued: whoever needs another one presents a living subject again.
 */
import type Provider from 'oidc-provider';
import { errors, type ResourceServerInstance, type TokenEndpointGrantContext } from 'oidc-provider';
import {
  buildTokenResponse,
  checkDpopReplay,
  checkDpopRequired,
  checkMtlsCert,
  resolveRequestedResources,
  validateDpop,
} from 'oidc-provider/lib/helpers/grants.js';

import { epochSeconds } from '../clock.ts';
import type { ClientRecord } from '../clients/client.ts';
import { TOKEN_EXCHANGE } from '../clients/exchange.ts';
import { withoutBounds } from '../revocation/origin.ts';
import { ownKeysOf } from '../revocation/own-token.ts';
import { narrowByRoles } from '../roles/narrow.ts';
import type { Subject } from '../roles/role.ts';
import { createForeignTokens } from '../upstream/foreign-token.ts';
import { defaultApi } from './access-token.ts';
import type { HallContext } from './context.ts';
import { currentIssuance, type Exchange } from './issuance.ts';
import { carriedScopes, NO_ROLE } from './roles.ts';
import {
  actOf,
  checkActor,
  checkBinding,
  mayExchange,
  mayUseIssuer,
  narrowScopes,
  reachOf,
} from './token-exchange-policy.ts';
import {
  ACCESS_TOKEN_TYPE,
  EXCHANGE_PARAMS,
  parseExchange,
  REPEATED_PARAMS,
  type ExchangeRequest,
} from './token-exchange-request.ts';
import {
  readForeign,
  readOwn,
  spendOnce,
  type ExchangeContext,
  type Presented,
} from './token-exchange-subject.ts';

export function registerTokenExchange(hall: HallContext, provider: Provider): void {
  const context: ExchangeContext = {
    ...hall,
    ownKeys: ownKeysOf(hall.keys),
    foreignTokens: createForeignTokens(hall),
  };
  provider.registerGrantType(
    TOKEN_EXCHANGE,
    (ctx) => exchange(context, provider, ctx),
    EXCHANGE_PARAMS,
    REPEATED_PARAMS,
  );
}

async function exchange(
  hall: ExchangeContext,
  provider: Provider,
  ctx: TokenEndpointGrantContext,
): Promise<void> {
  const client = await exchangingClient(hall, ctx);
  const request = parseExchange(ctx.oidc.params);
  const dpop = await validateDpop(provider, ctx);
  checkDpopRequired(provider, ctx, dpop);
  const certificate = checkMtlsCert(provider, ctx);

  const subject = await readSubject(hall, client, request);
  const actor = await readActor(hall, client, request);
  const act = actOf(client, subject, actor);
  const { resourceServer, scopes } = await resolveTarget(hall, provider, ctx, { client, subject, request });

  const exp = Math.min(subject.exp, actor?.exp ?? Number.POSITIVE_INFINITY);
  const left = exp - epochSeconds(hall.clock);
  if (left <= 0) throw new errors.InvalidRequest('subject_token is not accepted');
  const token = newToken(provider, ctx, subject, {
    resourceServer,
    scope: scopes.join(' ') || undefined,
    expiresIn: Math.min(left, resourceServer.accessTokenTTL ?? hall.config.tokens.accessTtlSeconds),
  });
  if (certificate) token.setThumbprint('x5t', certificate);
  if (dpop) token.setThumbprint('jkt', dpop.thumbprint);
  checkBinding(client, subject, { jkt: token.jkt, x5t: token['x5t#S256'] });
  if (dpop) await checkDpopReplay(provider, ctx, dpop, client.id);
  await spendOnce(hall, subject);

  rememberOrigin({ subject, actor, act, exp });
  ctx.oidc.entity(token.kind, token);
  const accessToken = await token.save();
  ctx.body = buildTokenResponse(provider, {
    accessToken,
    issuedTokenType: ACCESS_TOKEN_TYPE,
    tokenType: token.tokenType,
    expiresIn: token.expiration,
    scope: token.scope,
  });
}

/** The library has seen that the grant type is in its metadata. */
async function exchangingClient(hall: HallContext, ctx: TokenEndpointGrantContext): Promise<ClientRecord> {
  const record = await hall.clients.find(ctx.oidc.client.clientId);
  if (record && ctx.oidc.client.clientAuthMethod !== 'none') return record;
  throw new errors.UnauthorizedClient('token exchange is for clients that authenticate');
}

async function readSubject(
  hall: ExchangeContext,
  client: ClientRecord,
  { subject: { kind, token } }: ExchangeRequest,
): Promise<Presented> {
  if (kind === 'foreign') return readForeign(hall, token, (issuer) => mayUseIssuer(client, issuer));
  const subject = await readOwn(hall, token, 'subject_token');
  if (mayExchange(client, subject)) return subject;
  // The same words as for a token that is nothing: a client learns nothing of tokens that are none of its business.
  throw new errors.InvalidRequest('subject_token is not accepted');
}

async function readActor(
  hall: ExchangeContext,
  client: ClientRecord,
  { actorToken }: ExchangeRequest,
): Promise<Presented | undefined> {
  if (actorToken === undefined) return undefined;
  const actor = await readOwn(hall, actorToken, 'actor_token');
  checkActor(client, actor);
  return actor;
}

async function resolveTarget(
  hall: HallContext,
  provider: Provider,
  ctx: TokenEndpointGrantContext,
  { client, subject, request }: { client: ClientRecord; subject: Presented; request: ExchangeRequest },
) {
  const audience = request.target ?? (await defaultApi(hall, client))?.audience;
  const api = audience === undefined ? undefined : await hall.apis.findByAudience(audience);
  if (!api) throw new errors.InvalidTarget('no API was asked for that is registered');
  // Also throws `invalid_target` where the client may not ask for the API.
  Object.assign(ctx.oidc.params, { resource: api.audience });
  const [resourceServer] = await resolveRequestedResources(provider, ctx);
  const reach = await reachOf(hall, subject, api);
  if (!resourceServer || reach === undefined)
    throw new errors.InvalidTarget('the subject has no access to this API');
  const own = resourceServer.scope?.split(' ').filter(Boolean) ?? [];
  const wanted = narrowScopes(request.scopes, reach, own);
  const carried = await carriedScopes(hall, api, whoseRoles(subject));
  const { kept } = narrowByRoles(wanted, new Set(wanted), carried);
  if (request.scopes && wanted.length > 0 && kept.length === 0)
    throw new errors.InvalidScope(NO_ROLE, wanted.join(' '));
  return { resourceServer, scopes: kept };
}

/** Of the person or client that the new token is about, never of who acts for them. */
function whoseRoles({ accountId, sub }: Presented): Subject {
  return accountId === null ? { clientId: sub } : { accountId };
}

function newToken(
  provider: Provider,
  ctx: TokenEndpointGrantContext,
  { accountId, entry }: Presented,
  properties: {
    readonly resourceServer: ResourceServerInstance;
    readonly scope: string | undefined;
    readonly expiresIn: number;
  },
) {
  const { client } = ctx.oidc;
  if (accountId === null) return new provider.ClientCredentials({ client, ...properties });
  const session = entry?.sessionUid;
  return new provider.AccessToken({
    client,
    ...properties,
    accountId,
    gty: 'token_exchange',
    // A foreign token has none: it hangs on its issuer.
    grantId: entry?.grantId ?? (undefined as unknown as string),
    ...(session ? { sessionUid: session, expiresWithSession: true } : {}),
  });
}

/** For the hook that signs the token and writes its ledger row (access-token.ts). */
function rememberOrigin({
  subject,
  actor,
  act,
  exp,
}: {
  subject: Presented;
  actor: Presented | undefined;
  act: unknown;
  exp: number;
}): void {
  const issuance = currentIssuance();
  if (!issuance) throw new TypeError('a token is exchanged within a request');
  issuance.exchange = {
    sub: subject.sub,
    subject: whoseRoles(subject),
    act,
    authentication: authenticationOf(subject),
    exp,
    origin: {
      hangsOn: [...new Set([...subject.hangsOn, ...withoutBounds(actor?.hangsOn ?? [])])],
      subject: subject.key,
      actor: actor?.key ?? null,
      foreign:
        subject.issuer && subject.identityId !== undefined
          ? { issuerId: subject.issuer.id, identityId: subject.identityId }
          : null,
    },
  };
}

/** How the person signed in, as the subject's token says it; what a foreign issuer calls things means nothing here. */
function authenticationOf({ entry, claims }: Presented): Exchange['authentication'] {
  if (!entry) return {};
  const { auth_time: authTime, acr, amr } = claims;
  return {
    ...(authTime === undefined ? {} : { auth_time: authTime }),
    ...(acr === undefined ? {} : { acr }),
    ...(amr === undefined ? {} : { amr }),
  };
}
