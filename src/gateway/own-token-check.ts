import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { ChallengeOptions } from '../resource-server/challenge.ts';
import { createTokenCheck, type TokenCheck } from '../resource-server/check-token.ts';
import { DPOP_ALGORITHMS } from '../resource-server/dpop-key.ts';
import { createDpopCheck } from '../resource-server/dpop.ts';
import type { TokenFinder } from '../revocation/own-token.ts';
import { ledgerStatus, ringKeys, sharedReplays, type ReplayRecorder } from './own-tokens.ts';

export interface OwnTokenContext {
  readonly config: Pick<Config, 'issuer'>;
  readonly clock: Clock;
  readonly keys: KeyRing;
  readonly records: TokenFinder & ReplayRecorder;
}

/** What our keys sign with, and the newer name of EdDSA (RFC 9864). */
const ALGORITHMS = ['ES256', 'RS256', 'EdDSA', 'Ed25519'];

const CHALLENGE: ChallengeOptions = { dpop: 'offered', dpopAlgorithms: DPOP_ALGORITHMS };

/** Between the clocks of our own processes, one of which issued the token. */
const CLOCK_SKEW_SECONDS = 5;

/**
 * The published verifier's check, answered from this house's own keys, ledger and table of proofs: a revocation counts with the
 * next request.
 */
export function createOwnTokenCheck({ config, clock, keys, records }: OwnTokenContext): TokenCheck {
  const now = () => clock.now().getTime();
  return createTokenCheck({
    issuer: config.issuer,
    keys: ringKeys(keys),
    status: ledgerStatus(records),
    algorithms: ALGORITHMS,
    clockSkewSeconds: CLOCK_SKEW_SECONDS,
    dpop: createDpopCheck({ replayStore: sharedReplays(records) }, now),
    challenge: CHALLENGE,
    now,
  });
}
