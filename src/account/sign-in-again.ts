import type { AccountPageName } from '../../views/locals/account.ts';
import { ACR, meets } from '../authenticators/acr.ts';
import { findFactors } from '../authenticators/factor-store.ts';
import { hasFactor } from '../authenticators/factors.ts';
import { ACCOUNT_CALLBACK_PATH, ACCOUNT_CLIENT_ID } from '../clients/built-in.ts';
import { randomToken } from '../crypto/ids.ts';
import type { CurrentSession } from '../oidc/current-session.ts';
import type { AccountContext } from './context.ts';

/** A SHA-256 in base64url, or 32 random bytes: nobody sees a difference, and there is no verifier for these. */
const CHALLENGE_BYTES = 32;

/**
 * Why a person is sent to the sign-in: nobody is signed in; it was too long ago for what they are about to do; or they have a
 * second factor and were not asked for it, on a device that is remembered.
 */
export type Lack = 'session' | 'freshness' | 'factor';

/**
 * An authorization request of the built-in client. `state` is the name of the page to come back to and nothing else, so that
 * it cannot lead anywhere but to one of ours. Who proves it once more does so with two factors, if they have two, and on a
 * device that is remembered as well.
 */
export function signInUrl(
  { config }: Pick<AccountContext, 'config'>,
  page: AccountPageName,
  lack: Lack,
): string {
  const query = new URLSearchParams({
    client_id: ACCOUNT_CLIENT_ID,
    response_type: 'code',
    redirect_uri: `${config.issuer}${ACCOUNT_CALLBACK_PATH}`,
    scope: 'openid',
    state: page,
    code_challenge: randomToken(CHALLENGE_BYTES),
    code_challenge_method: 'S256',
    ...(lack === 'session' ? {} : { acr_values: ACR.mfa }),
    ...(lack === 'freshness' ? { prompt: 'login' } : {}),
  });
  return `/auth?${query.toString()}`;
}

/** ASVS 5.0 V7.5.1: what matters happens only by the hand of whoever has just proved who they are, with all they have. */
export async function lackOf(
  { config, clock, db }: AccountContext,
  { accountId, authTime, acr }: CurrentSession,
): Promise<Lack | undefined> {
  const ageSeconds = (clock.now().getTime() - authTime.getTime()) / 1000;
  if (ageSeconds > config.authentication.reauthenticationSeconds) return 'freshness';
  if (meets(acr, 'mfa')) return undefined;
  return hasFactor(await findFactors(db.knex, accountId)) ? 'factor' : undefined;
}
