import { createTokenCheck } from './check-token.ts';
import { createCoverage } from './coverage.ts';
import { DPOP_ALGORITHMS } from './dpop-key.ts';
import { createDpopCheck } from './dpop.ts';
import { createIntrospection } from './introspection.ts';
import { describe, type Issuer } from './issuer-context.ts';
import { createIssuerStatus } from './issuer-status.ts';
import { createIssuerKeys, type IssuerKeys } from './jwks.ts';
import { createMetadataSource, type MetadataSource } from './metadata.ts';
import { checkOptions, type CheckedOptions } from './options.ts';
import { pause } from './pause.ts';
import { openRevocationStream, type RevocationStream } from './revocation-stream.ts';
import { createStatusLists } from './status-lists.ts';
import { createStreamEvents } from './stream-events.ts';
import type { StatusSource, Verifier, VerifierEvent, VerifierOptions } from './verifier.ts';

const READY_MS_DEFAULT = 10_000;
const READY_RETRY_MS = 250;

/**
 * What an API needs to accept the access tokens of one issuer. Throws TypeError when the options make no sense; begins to open the
 * stream of revocations at once, where it is used. Close it when the API ends: an open stream keeps the process alive.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const checked = checkOptions(options);
  const closing = new AbortController();
  const issuer = describeIssuer(options, checked, closing.signal);
  const metadata = createMetadataSource(issuer);
  const keys = createIssuerKeys(issuer, metadata);
  const dpop = createDpopCheck(options.dpop, issuer.now);
  const { status, stream } = openStatus(issuer, checked, metadata, keys);
  const { credentials, introspection } = checked;
  const check = createTokenCheck({
    issuer: checked.issuer,
    audience: checked.audience,
    keys: keys.keys,
    status,
    requireStatus: options.requireStatus,
    algorithms: checked.algorithms,
    clockSkewSeconds: checked.clockSkewSeconds,
    dpop,
    dpopRequired: options.dpop?.required,
    introspect: introspection && credentials ? createIntrospection(issuer, metadata, credentials) : undefined,
    challenge: {
      resourceMetadata: options.resourceMetadata,
      dpop: options.dpop === undefined ? 'off' : options.dpop.required === true ? 'required' : 'offered',
      dpopAlgorithms: DPOP_ALGORITHMS,
    },
    now: issuer.now,
  });
  const close = (): void => closing.abort();
  return {
    verify: (token, request, requirements) => check.verify(token, request, requirements),
    authenticate: (request, requirements) => check.authenticate(request, requirements),
    ready: (timeoutMs = READY_MS_DEFAULT) => untilReady(issuer, keys, stream, timeoutMs),
    close,
    [Symbol.dispose]: close,
  };
}

function describeIssuer(options: VerifierOptions, checked: CheckedOptions, closed: AbortSignal): Issuer {
  const { onEvent, fetch = globalThis.fetch, now = Date.now } = options;
  return {
    url: checked.issuer,
    credentials: checked.credentials,
    clockSkewSeconds: checked.clockSkewSeconds,
    algorithms: new Set(checked.algorithms),
    fetch: (...args) => fetch(...args),
    now,
    tell(event: VerifierEvent) {
      try {
        if (!closed.aborted) onEvent?.(event);
      } catch {
        // A listener that fails must not decide over tokens.
      }
    },
    closed,
  };
}

/** How revocations are learned, and when that has begun to work. */
function openStatus(
  issuer: Issuer,
  { status, credentials, allowUntilMs }: CheckedOptions,
  metadata: MetadataSource,
  keys: IssuerKeys,
): { status: StatusSource; stream: RevocationStream | undefined } {
  if (status === 'none') return { status: { statusOf: () => 'valid' }, stream: undefined };
  const coverage = createCoverage(issuer.now);
  const lists = createStatusLists(issuer, keys.keys, coverage);
  const source = createIssuerStatus(issuer, lists, allowUntilMs);
  if (status === 'list' || !credentials) return { status: source, stream: undefined };
  const onEvent = createStreamEvents(coverage, lists, keys);
  const stream = openRevocationStream({ issuer, credentials, metadata, coverage, onEvent });
  return { status: source, stream };
}

async function untilReady(
  issuer: Issuer,
  keys: IssuerKeys,
  stream: RevocationStream | undefined,
  timeoutMs: number,
): Promise<void> {
  const ended = new AbortController();
  const over = AbortSignal.any([ended.signal, issuer.closed]);
  let missing = 'the keys of the issuer';
  let hasKeys = false;
  const done = (async () => {
    for (;;) {
      try {
        await keys.load();
        break;
      } catch (error) {
        missing = `the keys of the issuer (${describe(error)})`;
        if (over.aborted) return false;
        await pause(READY_RETRY_MS, over);
      }
    }
    hasKeys = true;
    await stream?.opened;
    return true;
  })();
  // A process that waits before it listens has nothing else that keeps it: without this it would end here, and say nothing.
  const late = pause(timeoutMs, over, true).then(() => false);
  const isReady = await Promise.race([done, late]);
  ended.abort();
  if (isReady) return;
  if (hasKeys) missing = `the stream of revocations (${stream?.problem() ?? 'no answer yet'})`;
  throw new Error(
    issuer.closed.aborted ? 'the verifier was closed' : `not ready after ${timeoutMs} ms: ${missing}`,
  );
}
