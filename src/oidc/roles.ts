import { errors, type KoaContextWithOIDC } from 'oidc-provider';

import { AppError } from '../errors.ts';
import type { Api } from '../resources/api.ts';
import type { Issue } from '../revocation/issue.ts';
import { areStanding } from '../roles/assignment-store.ts';
import type { Narrowed } from '../roles/narrow.ts';
import { carriedBy, type HeldRole, type Subject } from '../roles/role.ts';
import type { HallContext } from './context.ts';

/**
 * Roles at issuance: a token for an API that enforces them carries what was asked for, what the client may ask for, and what the
 * roles of whoever it acts for carry. What falls away is left out, and the response's `scope` says so (RFC 6749 §3.3, §5.1). When
 * nothing is left of a request that asked for something, it is an error: `invalid_scope` at the token endpoint, which has no
 * word for it but "exceeds" (§5.2) and spends nothing, so that a refresh token works again once the role is back;
 * `access_denied` where the person is being asked (§4.1.2.1) and for a device (RFC 8628 §3.5), since no scope they could
 * choose instead would help.
 */
type RolesContext = Pick<HallContext, 'roles'>;

/** Whom a token acts for: the person, or a client for itself. undefined: nobody has signed in yet, or exchange, which knows better. */
export function subjectOf({ oidc }: KoaContextWithOIDC): Subject | undefined {
  if (oidc.route !== 'token') {
    const accountId = oidc.session?.accountId;
    return accountId === undefined ? undefined : { accountId };
  }
  if (oidc.params?.['grant_type'] === 'client_credentials' && oidc.client)
    return { clientId: oidc.client.clientId };
  const accountId = sourceOf(oidc)?.accountId;
  return accountId === undefined ? undefined : { accountId };
}

/** What of an API's scopes its roles carry for somebody; undefined where it does not enforce roles, or nobody is known yet. */
export async function carriedScopes(
  { roles }: RolesContext,
  api: Pick<Api, 'id' | 'enforcesRoles'>,
  subject: Subject | undefined,
): Promise<ReadonlySet<string> | undefined> {
  if (!api.enforcesRoles || !subject) return undefined;
  return carriedBy(heldAt(await roles.of(subject), api));
}

/**
 * What a request at the token endpoint may get of what it asks for or was granted. Throws `invalid_scope`, `access_denied` when
 * roles leave nothing of it.
 */
export function refuseEmptied(
  { oidc }: KoaContextWithOIDC,
  allowed: readonly string[],
  left: Narrowed,
): void {
  if (oidc.route !== 'token' || left.kept.length === allowed.length) return;
  const asked = askedAt(oidc);
  const isForApi = asked.some((scope) => allowed.includes(scope));
  if (!isForApi || asked.includes('openid') || asked.some((scope) => left.kept.includes(scope))) return;
  if (oidc.entities.DeviceCode) throw new errors.AccessDenied(NO_ROLE);
  throw new errors.InvalidScope(NO_ROLE, asked.filter((scope) => allowed.includes(scope)).join(' '));
}

export const NO_ROLE = 'no role carries any of the scopes that were asked for';

/** In an authorization request of somebody who is signed in: whether their roles leave nothing of what it asks for. */
export async function isEmptied(hall: HallContext, { oidc }: KoaContextWithOIDC): Promise<boolean> {
  const asked = oidc.requestParamScopes;
  const servers = Object.entries(oidc.resourceServers ?? {});
  if (oidc.session?.accountId === undefined || asked.has('openid') || servers.length === 0) return false;
  if (servers.some(([, { scopes }]) => [...asked].some((scope) => scopes.has(scope)))) return false;
  const apis = await Promise.all(servers.map(([audience]) => hall.apis.findByAudience(audience)));
  const names = apis.flatMap((api) => (api?.enforcesRoles ? api.scopes.map(({ name }) => name) : []));
  return names.some((name) => asked.has(name));
}

/** The roles behind a token that is about to be signed. undefined: its API does not enforce roles. */
export interface TokenRoles {
  /**
   * RFC 9068 §2.2.3.1: names of the roles whose every scope is in the token, so that whoever goes by them never goes beyond what
   * the person allowed the client.
   */
  readonly names: readonly string[];
  /** What must still stand when the token is recorded; see revocation/issue.ts. */
  readonly standing: string;
}

/** Throws `unavailable` (503) when a role was lost since the scopes were decided. */
export async function rolesInToken(
  { roles }: RolesContext,
  { api, subject, scope }: { api: Api; subject: Subject; scope: unknown },
): Promise<TokenRoles | undefined> {
  if (!api.enforcesRoles) return undefined;
  const held = heldAt(await roles.of(subject), api);
  const scopes = typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [];
  const carried = carriedBy(held);
  if (scopes.some((each) => !carried.has(each))) throw rolesChanged();
  const whole = held.filter((role) => role.scopes.every((each) => scopes.includes(each)));
  const needed = held.filter(
    (role) => whole.includes(role) || role.scopes.some((each) => scopes.includes(each)),
  );
  return {
    names: whole.map(({ name }) => name),
    standing: needed.map(({ assignmentId, narrowings }) => `${assignmentId} ${narrowings}`).join('\n'),
  };
}

/**
 * What was to be issued was refused; where that is for a role that was lost in the meantime, or an API that began to enforce
 * them, nobody's grant has ended. This process learns of it at once, and then it works. Throws `unavailable` (503).
 */
export async function retryWithOtherRoles(hall: HallContext, { token }: Issue): Promise<void> {
  if (!token) return;
  const standing = token.roles ?? null;
  if (await areStanding(hall.db.pool, { apiId: token.apiId, standing })) return;
  hall.roles.forget();
  throw rolesChanged();
}

function heldAt(roles: readonly HeldRole[], { id }: Pick<Api, 'id'>): HeldRole[] {
  return roles.filter(({ apiId }) => apiId === id);
}

function sourceOf({ entities }: KoaContextWithOIDC['oidc']) {
  return entities.AuthorizationCode ?? entities.RefreshToken ?? entities.DeviceCode;
}

function askedAt(oidc: KoaContextWithOIDC['oidc']): string[] {
  const { scope } = oidc.params ?? {};
  return typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [...(sourceOf(oidc)?.scopes ?? [])];
}

function rolesChanged(): AppError {
  return new AppError('unavailable', 'Roles were just changed.', { status: 503, retryAfterSeconds: 1 });
}
