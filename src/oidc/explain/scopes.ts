import { decodeJwt } from 'jose';
import type { Context } from 'koa';

import type { ClientRecord } from '../../clients/client.ts';
import { OIDC_SCOPES } from '../../clients/metadata.ts';
import { quote, type DecisionLine } from '../../decisions/decision.ts';
import { explainLater, explainWhose } from '../../decisions/explain.ts';
import type { Api } from '../../resources/api.ts';
import { narrowByRoles, type DropReason } from '../../roles/narrow.ts';
import { defaultApi } from '../access-token.ts';
import type { HallContext } from '../context.ts';
import { oidcOf } from '../library-context.ts';
import { carriedScopes } from '../roles.ts';
import type { Refusal } from './refusals.ts';

/** Which API and which scopes were asked for, against what the client may have. */
export async function explainTarget(
  hall: HallContext,
  ctx: Context,
  { error }: Refusal,
): Promise<readonly DecisionLine[]> {
  if (error !== 'invalid_target' && error !== 'invalid_scope') return [];
  const { params, client } = oidcOf(ctx) ?? {};
  const record = client && (await hall.clients.find(client.clientId));
  if (!record) return [];
  const audiences = [params?.['resource'] ?? (await defaultApi(hall, record))?.audience ?? []].flat();
  if (audiences.length === 0) {
    const words = `no resource was asked for, and the client has no default API; it may use ${apisInWords(record)}`;
    return [{ step: 'resource', verdict: 'refused', words }];
  }
  const lines: DecisionLine[] = [];
  const reachable: Api[] = [];
  for (const audience of audiences) {
    const api = typeof audience === 'string' ? await hall.apis.findByAudience(audience) : undefined;
    const words = apiInWords(audience, api, record);
    if (words !== undefined) lines.push({ step: 'resource', verdict: 'refused', words });
    else if (api) reachable.push(api);
  }
  if (lines.length > 0) return lines;
  const known = new Set(reachable.flatMap((api) => scopesOf(record, api)));
  const scopes = apiScopesOf(params?.['scope']).filter((scope) => !known.has(scope));
  return scopes.map((scope) => ({
    step: 'scope',
    verdict: 'refused',
    words: `scope ${quote(scope)}: ${scopeInWords(record, reachable, scope)}`,
  }));
}

export interface Narrowing {
  readonly api: Api;
  readonly client: ClientRecord;
  /** Whom the token acts for; undefined: the client itself. */
  readonly accountId: string | undefined;
  /** Asked for and not in the token. */
  readonly scopes: readonly string[];
}

/** Why each scope that was asked for is not in a token that was issued. */
export async function explainScopes(
  hall: HallContext,
  { api, client, accountId, scopes }: Narrowing,
): Promise<readonly DecisionLine[]> {
  const subject = accountId === undefined ? { clientId: client.id } : { accountId };
  const carried = await carriedScopes(hall, api, subject);
  const { kept, dropped } = narrowByRoles(scopes, new Set(scopesOf(client, api)), carried);
  const reasons: Readonly<Record<DropReason, (scope: string) => string>> = {
    'role-missing': () => `role missing: no role of ${accountId ?? client.id} at the API carries it`,
    'not-allowed-to-client': (scope) => scopeInWords(client, [api], scope),
  };
  return [
    ...dropped.map(({ scope, reason }) => reducedLine(scope, reasons[reason](scope))),
    ...kept.map((scope) => reducedLine(scope, 'not granted to whom the token acts for')),
  ];
}

function reducedLine(scope: string, why: string): DecisionLine {
  return { step: 'scope', verdict: 'reduced', words: `scope ${quote(scope)} dropped: ${why}` };
}

/** For a token that was issued with less than was asked for. Compares two strings where nothing is missing. */
export function explainNarrowing(hall: HallContext, ctx: Context): void {
  const { params, client, entities, account } = oidcOf(ctx) ?? {};
  const { scope: granted, access_token: token } = bodyOf(ctx);
  const source = entities?.AuthorizationCode ?? entities?.RefreshToken ?? entities?.DeviceCode;
  const asked = params?.['scope'] ?? source?.scope;
  if (!client || asked === granted || typeof asked !== 'string' || typeof token !== 'string') return;
  const given = new Set(typeof granted === 'string' ? granted.split(' ') : []);
  const missing = apiScopesOf(asked).filter((scope) => !given.has(scope));
  if (missing.length === 0) return;
  const { clientId } = client;
  const accountId = account?.accountId;
  explainWhose(ctx, { clientId, accountId });
  explainLater(ctx, async () => {
    const { aud } = decodeJwt(token);
    const api = await hall.apis.findByAudience(String(aud));
    const record = await hall.clients.find(clientId);
    const own = new Set(api?.scopes.map(({ name }) => name));
    const scopes = missing.filter((scope) => own.has(scope));
    return api && record ? explainScopes(hall, { api, client: record, accountId, scopes }) : [];
  });
}

function apiInWords(audience: unknown, api: Api | undefined, record: ClientRecord): string | undefined {
  if (!api) return `there is no API ${quote(audience)}; the client may use ${apisInWords(record)}`;
  if (api.disabledAt) return `the API ${quote(audience)} is disabled, since ${api.disabledAt.toISOString()}`;
  if (record.apis.some(({ apiId }) => apiId === api.id)) return undefined;
  return `the client has no access to the API ${quote(audience)}; it may use ${apisInWords(record)}`;
}

function scopeInWords(record: ClientRecord, apis: readonly Api[], scope: string): string {
  const api = apis.find((each) => each.scopes.some(({ name }) => name === scope));
  const names = apis.map(({ audience }) => quote(audience)).join(', ');
  if (!api) return `${names} has no such scope`;
  return `the client may not ask ${quote(api.audience)} for it; its access holds ${scopesOf(record, api).join(' ') || 'no scope'}`;
}

function scopesOf(record: ClientRecord, api: Api): readonly string[] {
  return record.apis.find(({ apiId }) => apiId === api.id)?.scopes ?? [];
}

function apisInWords({ apis }: ClientRecord): string {
  return apis.length === 0 ? 'no API' : apis.map(({ audience }) => quote(audience)).join(', ');
}

function apiScopesOf(scope: unknown): string[] {
  const oidc: ReadonlySet<string> = new Set(OIDC_SCOPES);
  return typeof scope === 'string' ? scope.split(' ').filter((each) => each !== '' && !oidc.has(each)) : [];
}

function bodyOf({ body }: Context): Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
}
