import { errors, type Client, type Configuration, type KoaContextWithOIDC } from 'oidc-provider';

import { epochSeconds } from '../clock.ts';
import type { ClientRecord } from '../clients/client.ts';
import { OIDC_SCOPES } from '../clients/metadata.ts';
import type { Api } from '../resources/api.ts';
import { statusListUri } from '../revocation/status-list.ts';
import { jtiDigest } from '../revocation/token.ts';
import { narrowByRoles } from '../roles/narrow.ts';
import type { Subject } from '../roles/role.ts';
import type { HallContext } from './context.ts';
import { checkStrength } from './demand.ts';
import { currentIssuance, type Exchange } from './issuance.ts';
import { carriedScopes, refuseEmptied, rolesInToken, subjectOf } from './roles.ts';

/**
 * RFC 9068 access tokens for registered APIs (RFC 8707). A client gets what its registration lists for the API, no more;
 * asking for more is an error and not a silently smaller token, because a caller that is not told finds out in production. What
 * the person may have is another matter, which no client can know: see roles.ts.
 */
type ResourceIndicators = NonNullable<NonNullable<Configuration['features']>['resourceIndicators']>;

export function resourceIndicators(hall: HallContext): ResourceIndicators {
  return {
    enabled: true,

    async getResourceServerInfo(ctx, audience, client) {
      refuseTooMany(ctx);
      const api = await hall.apis.findByAudience(audience);
      const allowed = await allowedScopes(hall, client, api);
      if (!api || api.disabledAt || !allowed) {
        throw new errors.InvalidTarget('the client may not ask for this resource');
      }
      await refuseUnknownScopes(hall, ctx, client);
      const carried = await carriedScopes(hall, api, subjectOf(ctx));
      const left = narrowByRoles(allowed, new Set(allowed), carried);
      refuseEmptied(ctx, allowed, left);
      const kid = hall.keys.activeKid(api.signingAlg);
      return {
        audience: api.audience,
        scope: left.kept.join(' '),
        accessTokenTTL: api.tokenTtlSeconds,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: api.signingAlg, ...(kid === undefined ? {} : { kid }) } },
      };
    },

    async defaultResource(ctx, client, oneOf) {
      // At the token endpoint several were granted and none was named: the library then answers invalid_target.
      if (oneOf) return oneOf;
      const record = await hall.clients.find(client.clientId);
      const api = record && (await defaultApi(hall, record));
      const asked = apiScopes(ctx.oidc.params?.['scope']);
      const machine = ctx.oidc.params?.['grant_type'] === 'client_credentials';
      if (api && (machine || asked.length > 0)) return api.audience;
      if (machine) {
        throw new errors.InvalidTarget('no resource was asked for and the client has no default API');
      }
      if (asked.length > 0) throw new errors.InvalidScope('unknown scope', asked.join(' '));
      return undefined;
    },

    // A client that named one API while the person consented means that API when it redeems the code, too.
    async useGrantedResource(_ctx, model) {
      return [model.resource ?? []].flat().length === 1;
    },
  };
}

/** The ledger row of a JWT, and its place in a status list. The row is written with the rest of the request, before the token leaves (issuance.ts). */
export function recordJwt(
  hall: HallContext,
): NonNullable<NonNullable<Configuration['formats']>['customizers']>['jwt'] {
  return async (ctx, token, jwt) => {
    const issuance = currentIssuance();
    const payload = jwt.payload as { jti: string; iat: number; exp: number; aud: string };
    const api = await hall.apis.findByAudience(payload.aud);
    const kid = api && hall.keys.activeKid(api.signingAlg);
    if (!issuance || !api || kid === undefined || token.clientId === undefined) {
      throw new errors.InvalidTarget('the API is not registered any more');
    }
    const { exchange } = issuance;
    const subject = exchange?.subject ?? whoseIs(token);
    const { scope } = jwt.payload;
    const roles = await rolesInToken(hall, { api, subject, scope });
    const authentication = exchange?.authentication ?? authenticationClaims(ctx);
    // Also at a refresh and an exchange: the API may ask for more than it did when the person signed in.
    if (token.kind === 'AccessToken') checkStrength(api, authentication['acr']);
    // The library knows the system's time only.
    const iat = epochSeconds(hall.clock);
    const exp = Math.min(iat + payload.exp - payload.iat, exchange?.exp ?? Number.POSITIVE_INFINITY);
    const expiresAt = new Date(exp * 1000);
    const status = await hall.statusLease.allocate(expiresAt);
    Object.assign(jwt.payload, authentication, exchangedClaims(exchange), {
      ...(roles && { roles: roles.names }),
      iat,
      exp,
      status: {
        status_list: { idx: status.index, uri: statusListUri(hall.config.issuer, status.listId) },
      },
    });
    const dies = token.kind === 'AccessToken' && token.expiresWithSession === true;
    issuance.clientId = token.clientId;
    if (token.kind === 'AccessToken') {
      issuance.grantId = token.grantId ?? null;
      issuance.accountId = token.accountId;
      issuance.sessionUid ??= dies ? (token.sessionUid ?? null) : null;
    }
    issuance.token = {
      jti: jtiDigest(payload.jti),
      clientId: token.clientId,
      apiId: api.id,
      grantId: token.kind === 'AccessToken' ? (token.grantId ?? null) : null,
      sessionUid: token.kind === 'AccessToken' && dies ? (token.sessionUid ?? null) : null,
      accountId: token.kind === 'AccessToken' ? token.accountId : null,
      kid,
      statusList: status.listNo,
      statusIndex: status.index,
      issuedAt: new Date(iat * 1000),
      expiresAt,
      ...(roles && { roles: roles.standing }),
      ...(exchange && { origin: exchange.origin }),
    };
  };
}

/** A client acts for itself where no person is concerned. */
function whoseIs(token: {
  readonly clientId?: string | undefined;
  readonly accountId?: string | undefined;
}): Subject {
  if (token.accountId !== undefined) return { accountId: token.accountId };
  return { clientId: token.clientId ?? '' };
}

/** RFC 8693 §4.1. The library names the client as the subject where no person is concerned. */
function exchangedClaims(exchange: Exchange | undefined): Record<string, unknown> {
  if (!exchange) return {};
  const { sub, act } = exchange;
  return { sub, ...(act === undefined ? {} : { act }) };
}

/** RFC 9068 §2.2.1: how and when the person signed in, where one did. */
function authenticationClaims(ctx: KoaContextWithOIDC): Record<string, unknown> {
  const { AuthorizationCode, RefreshToken, DeviceCode } = ctx.oidc.entities;
  const source = AuthorizationCode ?? RefreshToken ?? DeviceCode;
  if (!source) return {};
  return {
    ...(source.authTime === undefined ? {} : { auth_time: source.authTime }),
    ...(source.acr === undefined ? {} : { acr: source.acr }),
    ...(source.amr === undefined ? {} : { amr: source.amr }),
  };
}

/** Requests in which scopes are asked for; elsewhere they were granted before and only narrow. */
const ASKING_ROUTES = new Set([
  'authorization',
  'pushed_authorization_request',
  'device_authorization',
  'code_verification',
]);

/** More APIs than anybody needs at once. Every one of them is checked against every other's scopes. */
const RESOURCES_MAX = 20;

function refuseTooMany({ oidc }: KoaContextWithOIDC): void {
  if ([oidc.params?.['resource'] ?? []].flat().length <= RESOURCES_MAX) return;
  throw new errors.InvalidTarget(`more than ${RESOURCES_MAX} resources in one request`);
}

async function refuseUnknownScopes(
  hall: HallContext,
  ctx: KoaContextWithOIDC,
  client: Client,
): Promise<void> {
  const { route, params } = ctx.oidc;
  const asks = ASKING_ROUTES.has(route) || params?.['grant_type'] === 'client_credentials';
  if (!asks) return;
  const left = new Set(apiScopes(params?.['scope']));
  for (const audience of [params?.['resource']].flat()) {
    const api = typeof audience === 'string' ? await hall.apis.findByAudience(audience) : undefined;
    for (const scope of (await allowedScopes(hall, client, api)) ?? []) left.delete(scope);
  }
  if (left.size > 0) {
    throw new errors.InvalidScope('the client may not ask for this scope', [...left].join(' '));
  }
}

/** What a client may ask for of an API; undefined: it may not ask for the API. */
export async function allowedScopes(
  hall: HallContext,
  client: Pick<Client, 'clientId'>,
  api: Api | undefined,
): Promise<readonly string[] | undefined> {
  if (!api) return undefined;
  const record = await hall.clients.find(client.clientId);
  const granted = record?.apis.find((access) => access.apiId === api.id);
  const known = new Set(api.scopes.map((scope) => scope.name));
  return granted?.scopes.filter((scope) => known.has(scope));
}

/** The one it was given, or the only one it may use. */
export async function defaultApi(hall: HallContext, record: ClientRecord): Promise<Api | undefined> {
  if (record.defaultApiId !== null) return hall.apis.findById(record.defaultApiId);
  const [only, ...others] = record.apis;
  return only && others.length === 0 ? hall.apis.findById(only.apiId) : undefined;
}

const NOT_OF_APIS: ReadonlySet<string> = new Set(OIDC_SCOPES);

function apiScopes(scope: unknown): string[] {
  return typeof scope === 'string' ? scope.split(' ').filter((s) => s !== '' && !NOT_OF_APIS.has(s)) : [];
}
