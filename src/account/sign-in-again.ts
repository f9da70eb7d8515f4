import type { AccountPageName } from '../../views/locals/account.ts';
import { ACCOUNT_CALLBACK_PATH, ACCOUNT_CLIENT_ID } from '../clients/built-in.ts';
import { randomToken } from '../crypto/ids.ts';
import type { CurrentSession } from '../oidc/current-session.ts';
import type { AccountContext } from './context.ts';

/** A SHA-256 in base64url, or 32 random bytes: nobody sees a difference, and there is no verifier for these. */
const CHALLENGE_BYTES = 32;

/**
 * An authorization request of the built-in client. `state` is the name of the page to come back to and nothing else, so that
 * it cannot lead anywhere but to one of ours. `again`: also who is signed in already proves it once more.
 */
export function signInUrl(
  { config }: Pick<AccountContext, 'config'>,
  page: AccountPageName,
  { again }: { again: boolean },
): string {
  const query = new URLSearchParams({
    client_id: ACCOUNT_CLIENT_ID,
    response_type: 'code',
    redirect_uri: `${config.issuer}${ACCOUNT_CALLBACK_PATH}`,
    scope: 'openid',
    state: page,
    code_challenge: randomToken(CHALLENGE_BYTES),
    code_challenge_method: 'S256',
    ...(again ? { prompt: 'login' } : {}),
  });
  return `/auth?${query.toString()}`;
}

/** ASVS 5.0 V7.5.1: credentials change only by the hand of whoever has just proved who they are. */
export function isFresh({ config, clock }: AccountContext, { authTime }: CurrentSession): boolean {
  const ageSeconds = (clock.now().getTime() - authTime.getTime()) / 1000;
  return ageSeconds <= config.authentication.reauthenticationSeconds;
}
