/**
 * The hall: the one place that knows oidc-provider. It keeps the library's names and endpoints, patches nothing, and uses
 * documented seams only: configuration, adapter, events, and middleware around the library's own (each with a test, so that
 * an upgrade which moves one fails loudly). What a person sees is in interactions/, what is stored in the rooms below.
 */
import type { Middleware } from 'koa';
import Provider from 'oidc-provider';

import { createCookieSignatures } from '../crypto/cookie-signatures.ts';
import { sha256 } from '../crypto/digest.ts';
import { queueLogouts } from './back-channel-logout.ts';
import { throttleClients, useSecretDigests } from './client-authentication.ts';
import { providerConfiguration } from './configuration.ts';
import type { HallContext } from './context.ts';
import { refuseStrayDeviceVisitors, reserveDeviceAuthorization } from './device-visitors.ts';
import { boundProofAge } from './dpop.ts';
import { explainRefusals } from './explain/refusals.ts';
import { carryRequestIds } from './explain/request-ids.ts';
import { limitClients, limitRegistrations, throttleTokenScans, throttleUserCodes } from './guesses.ts';
import { refuseOtherHints } from './id-token-hints.ts';
import { commitIssued } from './issuance.ts';
import { getInsteadOfPost } from './posted-requests.ts';
import { allowFormTarget, cacheMetadata, nameForbiddenGrants, showForeignKeys } from './responses.ts';
import { reportReplay } from './report-failures.ts';
import { hideStoredSecrets } from './registration.ts';
import { reportErrors, unavailableInsteadOfError } from './errors.ts';
import { structuredTokens } from './structured-tokens.ts';
import { registerTokenExchange } from './token-exchange.ts';

/**
 * A whole provider for the keys of this moment, with what the app puts in front of it (`front`). Building one takes milliseconds, so a change of keys builds another and
 * requests under way finish on the old one.
 */
export function createProvider(hall: HallContext, front: readonly Middleware[]): Provider {
  const provider = new Provider(hall.config.issuer, providerConfiguration(hall));
  // Headers that name scheme and host were checked and rewritten before (http/host-pin.ts), so they can be believed.
  provider.proxy = true;
  // The same signatures as by the keys in the configuration, at less cost.
  provider.keys = createCookieSignatures(hall.secrets.cookieKeys);
  registerTokenExchange(hall, provider);
  useSecretDigests(hall, provider);
  queueLogouts(hall, provider);
  detectReplays(hall, provider);
  refuseOtherHints(provider);
  reportErrors(hall, provider);

  // In running order, outermost first; the library's router comes after them.
  for (const middleware of front) provider.use(middleware);
  provider.use(explainRefusals(hall, provider));
  provider.use(carryRequestIds());
  provider.use(unavailableInsteadOfError());
  provider.use(cacheMetadata(hall.config));
  provider.use(showForeignKeys(hall));
  provider.use(allowFormTarget());
  provider.use(nameForbiddenGrants());
  provider.use(getInsteadOfPost());
  provider.use(throttleClients(hall));
  provider.use(limitClients(hall));
  provider.use(limitRegistrations(hall));
  provider.use(throttleUserCodes(hall));
  provider.use(reserveDeviceAuthorization());
  provider.use(refuseStrayDeviceVisitors(provider));
  provider.use(hideStoredSecrets(hall));
  provider.use(boundProofAge(hall));
  provider.use(commitIssued(hall));
  provider.use(throttleTokenScans(hall));
  provider.use(structuredTokens(hall, provider));
  return provider;
}

/**
 * A proof may be dated into the future by the accepted skew and is then valid for longer than the library remembers it.
 * It is remembered for this much longer.
 */
const REPLAY_MARGIN_SECONDS = 600;

/** The library looks first and writes then, so that parallel copies all pass. One conditional insert decides instead. */
function detectReplays(hall: HallContext, provider: Provider): void {
  provider.ReplayDetection.unique = async (issuer, jti, exp) => {
    const isFirst = await hall.records.recordReplay({
      digest: sha256(JSON.stringify([issuer, jti])),
      expiresAt: new Date((exp + REPLAY_MARGIN_SECONDS) * 1000),
    });
    if (!isFirst) await reportReplay(hall, issuer);
    return isFirst;
  };
}
