import type { Grant, KoaContextWithOIDC } from 'oidc-provider';

import type { ClientRecord } from '../clients/client.ts';
import { isVerifiable, registrationDigest } from '../clients/identity.ts';
import {
  allowanceOf,
  beyond,
  common,
  isNothing,
  NOTHING,
  toApiScopes,
  toResources,
  type Allowance,
} from '../grants/consent.ts';
import { findConsent } from '../grants/consent-store.ts';
import type { HallContext } from './context.ts';
import { grantTtlSeconds } from './lifetimes.ts';

/**
 * The grant of this session and client. A first-party client needs nobody's consent: it is granted what it asks for, within
 * what its registration allows. Any other is granted as much of it as the person has allowed before, in whatever session, and
 * the person is asked for the rest.
 */
export async function loadGrant(hall: HallContext, ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
  const { client, session, provider, result } = ctx.oidc;
  if (!client || !session) return undefined;
  const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
  const grant = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const record = await hall.clients.find(client.clientId);
  if (!record || session.accountId === undefined) return grant;

  const lacks = beyond(askedBy(ctx), grant ? allowedBy(grant) : NOTHING);
  if (isNothing(lacks)) return grant;
  const added = record.firstParty ? lacks : common(lacks, await recall(hall, ctx, record));
  if (isNothing(added)) return grant;
  const wider = grant ?? new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  addTo(wider, added);
  // A saved grant keeps its first end unless it is moved (models/base_token.js), and with it every token of the client dies.
  wider.exp = Math.floor(hall.clock.now().getTime() / 1000) + grantTtlSeconds(hall.config);
  const id = await wider.save();
  // A consent that was withdrawn a moment ago has left none, and the person is asked.
  return record.firstParty ? wider : provider.Grant.find(id);
}

function askedBy({ oidc }: KoaContextWithOIDC): Allowance {
  const asked = [...oidc.requestParamScopes];
  const resources = Object.entries(oidc.resourceServers ?? {}).map(
    ([audience, server]) => [audience, asked.filter((scope) => server.scopes.has(scope))] as const,
  );
  return {
    scopes: [...oidc.requestParamOIDCScopes],
    claims: [...oidc.requestParamClaims],
    apiScopes: toApiScopes(Object.fromEntries(resources)),
  };
}

function allowedBy({ openid, resources }: Grant): Allowance {
  return allowanceOf({ openid, resources });
}

function addTo(grant: Grant, { scopes, claims, apiScopes }: Allowance): void {
  if (scopes.length > 0) grant.addOIDCScope([...scopes]);
  if (claims.length > 0) grant.addOIDCClaims([...claims]);
  for (const [audience, names] of Object.entries(toResources(apiScopes))) {
    grant.addResourceScope(audience, names);
  }
}

/** What the person allowed the client before; nothing where they are to be asked in any case, or it may be somebody else. */
async function recall(
  { db }: HallContext,
  { oidc }: KoaContextWithOIDC,
  record: ClientRecord,
): Promise<Allowance> {
  const redirectUri = oidc.params?.['redirect_uri'];
  const isKnown = isVerifiable(record, typeof redirectUri === 'string' ? redirectUri : undefined);
  const accountId = oidc.session?.accountId;
  if (!isKnown || accountId === undefined || oidc.result?.consent || oidc.promptPending('consent')) {
    return NOTHING;
  }
  const consent = await findConsent(db.pool, { accountId, clientId: record.id });
  return consent?.registration.equals(registrationDigest(record)) ? consent : NOTHING;
}
