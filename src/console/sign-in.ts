import { ACR, meets } from '../authenticators/acr.ts';
import { CONSOLE_CALLBACK_PATH, CONSOLE_CLIENT_ID } from '../clients/built-in.ts';
import { randomToken } from '../crypto/ids.ts';
import type { CurrentSession } from '../oidc/current-session.ts';
import type { ConsoleContext } from './context.ts';

/** A SHA-256 in base64url, or 32 random bytes: nobody sees a difference, and there is no verifier for these. */
const CHALLENGE_BYTES = 32;

/** Why somebody is sent to the sign-in: nobody is signed in, one factor is missing, or it was too long ago. */
export type Lack = 'session' | 'factor' | 'freshness';

/** Longer than any of ours. */
const STATE_LENGTH_MAX = 200;

const OWN_PATH = /^\/console(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+){0,2}$/;

/** An authorization request of the console; `path` is where to come back to. */
export function signInUrl({ config }: Pick<ConsoleContext, 'config'>, path: string, lack: Lack): string {
  const query = new URLSearchParams({
    client_id: CONSOLE_CLIENT_ID,
    response_type: 'code',
    redirect_uri: `${config.issuer}${CONSOLE_CALLBACK_PATH}`,
    scope: 'openid',
    state: returnPath(path),
    acr_values: ACR.mfa,
    code_challenge: randomToken(CHALLENGE_BYTES),
    code_challenge_method: 'S256',
    ...(lack === 'freshness' ? { prompt: 'login' } : {}),
  });
  return `/auth?${query.toString()}`;
}

/** One of our own paths, whatever somebody wrote into `state`. */
export function returnPath(state: unknown): string {
  if (typeof state !== 'string' || state.length > STATE_LENGTH_MAX) return '/console';
  return OWN_PATH.test(state) ? state : '/console';
}

/** NIST SP 800-63B-4 AAL2 for every screen; ASVS 5.0 V7.5.1: what cannot be undone, only right after a sign-in. */
export function lackOf(
  { config, clock }: Pick<ConsoleContext, 'config' | 'clock'>,
  { acr, authTime }: CurrentSession,
  { fresh }: { fresh: boolean },
): Lack | undefined {
  if (!meets(acr, 'mfa')) return 'factor';
  const ageSeconds = (clock.now().getTime() - authTime.getTime()) / 1000;
  return fresh && ageSeconds > config.authentication.reauthenticationSeconds ? 'freshness' : undefined;
}
