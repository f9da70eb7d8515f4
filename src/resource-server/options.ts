import { problemOfIssuer } from './issuer.ts';
import { ASYMMETRIC_ALGORITHMS } from './token-header.ts';
import type { ClientCredentials, VerifierOptions } from './verifier.ts';

/** PS256 and EdDSA as FAPI 2.0 has them, RS256 and ES256 as everybody has them. */
const ALGORITHMS_DEFAULT = ['ES256', 'RS256', 'PS256', 'EdDSA', 'Ed25519'];

/** Hosts without NTP are off by seconds; what is off by more than a minute needs repair, not leniency. */
const SKEW_SECONDS = { max: 60, default: 5 };

/** An API that has not heard of its issuer for a day is not taking a short outage. */
const ALLOW_UNTIL_SECONDS_MAX = 86_400;

/** {@link VerifierOptions} with every default, and known to make sense. */
export interface CheckedOptions {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly credentials: ClientCredentials | undefined;
  readonly status: 'stream' | 'list' | 'none';
  readonly allowUntilMs: number | undefined;
  readonly introspection: boolean;
  readonly algorithms: readonly string[];
  readonly clockSkewSeconds: number;
}

/** Throws TypeError in one sentence: a verifier that was put together wrongly must not start. */
export function checkOptions(options: VerifierOptions): CheckedOptions {
  const { issuer, status, credentials, introspection = credentials !== undefined } = options;
  const problem = problemOfIssuer(issuer, options.allowInsecureIssuer === true);
  if (problem !== undefined) throw new TypeError(`issuer ${problem}`);
  checkCredentials(credentials);
  if (introspection && !credentials) throw new TypeError('introspection needs credentials');
  if (options.resourceMetadata !== undefined && !URL.canParse(options.resourceMetadata)) {
    throw new TypeError('resourceMetadata must be a URL');
  }
  return {
    issuer,
    audience: checkAudience(options.audience),
    credentials,
    status: checkStatus(status, credentials),
    allowUntilMs: checkAllowUntil(options),
    introspection,
    algorithms: checkAlgorithms(options.algorithms ?? ALGORITHMS_DEFAULT),
    clockSkewSeconds: checkSkew(options.clockSkewSeconds ?? SKEW_SECONDS.default),
  };
}

function checkAudience(audience: unknown): readonly string[] {
  const audiences: readonly unknown[] = Array.isArray(audience) ? audience : [audience];
  if (audiences.length > 0 && audiences.every(isText)) return [...audiences];
  throw new TypeError('audience must name the API as its tokens do in "aud": a text, or a list of some');
}

function checkCredentials(credentials: ClientCredentials | undefined): void {
  if (credentials === undefined) return;
  if (isText(credentials.clientId) && isText(credentials.clientSecret)) return;
  throw new TypeError('credentials must have a clientId and a clientSecret');
}

function checkStatus(
  status: VerifierOptions['status'],
  credentials: ClientCredentials | undefined,
): 'stream' | 'list' | 'none' {
  if (status === undefined) return credentials ? 'stream' : 'list';
  if (!['stream', 'list', 'none'].includes(status)) {
    throw new TypeError('status must be "stream", "list" or "none"');
  }
  if (status === 'stream' && !credentials) throw new TypeError('status "stream" needs credentials');
  return status;
}

function checkAllowUntil(options: VerifierOptions): number | undefined {
  const { onStatusUnavailable = 'deny', allowUntilSeconds: seconds } = options;
  if (onStatusUnavailable === 'deny') {
    if (seconds === undefined) return undefined;
    throw new TypeError('allowUntilSeconds means nothing without onStatusUnavailable "allow-until"');
  }
  if (onStatusUnavailable !== 'allow-until') {
    throw new TypeError('onStatusUnavailable must be "deny" or "allow-until"');
  }
  if (typeof seconds === 'number' && seconds > 0 && seconds <= ALLOW_UNTIL_SECONDS_MAX) return seconds * 1000;
  throw new TypeError(
    `onStatusUnavailable "allow-until" needs allowUntilSeconds, at most ${ALLOW_UNTIL_SECONDS_MAX} (one day)`,
  );
}

function checkAlgorithms(algorithms: readonly string[]): readonly string[] {
  const refused = algorithms.find((alg) => !ASYMMETRIC_ALGORITHMS.includes(alg));
  if (refused !== undefined) {
    throw new TypeError(`algorithms must be of ${ASYMMETRIC_ALGORITHMS.join(', ')}; ${refused} is not`);
  }
  if (algorithms.length === 0) throw new TypeError('algorithms must have at least one');
  return [...algorithms];
}

function checkSkew(seconds: number): number {
  if (typeof seconds === 'number' && seconds >= 0 && seconds <= SKEW_SECONDS.max) return seconds;
  throw new TypeError(`clockSkewSeconds must be 0 to ${SKEW_SECONDS.max}`);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
