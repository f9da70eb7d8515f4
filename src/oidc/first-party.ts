import type { Grant, KoaContextWithOIDC } from 'oidc-provider';

import type { HallContext } from './context.ts';

/**
 * The grant of this session and client. A first-party client needs nobody's consent: it is granted what it asks for,
 * within what its registration allows.
 */
export async function loadGrant(hall: HallContext, ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
  const { client, session, provider, result } = ctx.oidc;
  if (!client || !session) return undefined;
  const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
  const grant = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const record = await hall.clients.find(client.clientId);
  if (!record?.firstParty || session.accountId === undefined) return grant;

  const granted = grant ?? new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  const before = JSON.stringify([granted.openid, granted.resources]);
  granted.addOIDCScope(ctx.oidc.requestParamOIDCScopes);
  granted.addOIDCClaims(ctx.oidc.requestParamClaims);
  for (const [audience, server] of Object.entries(ctx.oidc.resourceServers ?? {})) {
    const scopes = [...ctx.oidc.requestParamScopes].filter((scope) => server.scopes.has(scope));
    if (scopes.length > 0) granted.addResourceScope(audience, scopes);
  }
  if (JSON.stringify([granted.openid, granted.resources]) !== before) await granted.save();
  return granted;
}
