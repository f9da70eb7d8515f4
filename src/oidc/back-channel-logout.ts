import type Provider from 'oidc-provider';
import { importJWK, SignJWT } from 'jose';

import type { ClientRecord } from '../clients/client.ts';
import { newId } from '../crypto/ids.ts';
import { enqueueLogout, type LogoutDelivery } from '../sessions/logout-store.ts';
import type { HallContext } from './context.ts';

/**
 * OIDC Back-Channel Logout from an outbox: the library would call every client while the person waits, and never again if
 * one is down. Ending a session writes the deliveries in its transaction (revocation/store.ts); this adds the one case in
 * which the session goes on, signing out of a single client. The job in jobs/ sends them.
 */
export function queueLogouts(hall: HallContext, provider: Provider): void {
  provider.Client.prototype['backchannelLogout'] = async function queueLogout(
    this: { clientId: string },
    accountId: string,
    sid: string,
  ) {
    const now = hall.clock.now();
    await enqueueLogout(hall.db.knex, { id: newId('out'), clientId: this.clientId, accountId, sid }, now);
  };
  provider.Client.prototype['includeSid'] = isToldOfLogout;
}

/**
 * Whether its ID tokens have a `sid`. Logout tokens always have one, whether or not backchannel_logout_session_required: a client
 * that was never told of it could not find the session to end.
 */
function isToldOfLogout(this: { backchannelLogoutUri?: string }): boolean {
  return this.backchannelLogoutUri !== undefined;
}

/** OIDC Back-Channel Logout §2.4: two minutes are plenty for a token that is used on arrival. */
const LOGOUT_TOKEN_TTL_SECONDS = 120;

/** The same `jti` at every attempt of a delivery, so that a receiver can tell a repetition. No `nonce`: §2.4 forbids it. */
export async function signLogoutToken(
  hall: Pick<HallContext, 'config' | 'clock' | 'keys'>,
  client: ClientRecord,
  delivery: LogoutDelivery,
): Promise<string> {
  const registered = client.metadata['id_token_signed_response_alg'];
  const alg = typeof registered === 'string' ? registered : 'RS256';
  const kid = hall.keys.activeKid(alg);
  const jwk = hall.keys.jwks().find((key) => key.kid === kid);
  if (!jwk) throw new TypeError(`no active key for ${alg}`);
  const now = Math.floor(hall.clock.now().getTime() / 1000);
  return new SignJWT({
    sid: delivery.sid,
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  })
    .setProtectedHeader({ alg, kid: jwk.kid, typ: 'logout+jwt' })
    .setIssuer(hall.config.issuer)
    .setAudience(client.id)
    .setSubject(delivery.accountId)
    .setJti(delivery.id)
    .setIssuedAt(now)
    .setExpirationTime(now + LOGOUT_TOKEN_TTL_SECONDS)
    .sign(await importJWK(jwk, alg));
}
