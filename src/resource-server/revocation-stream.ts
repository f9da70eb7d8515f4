/**
 * The connection to the issuer's stream of revocations: opened, watched, and opened again. What is said on it is for `stream-events.ts`.
 */
import { ageOf } from './age.ts';
import { SILENCE_MS, type Coverage } from './coverage.ts';
import { createEventParser, type StreamEvent } from './event-parser.ts';
import { basicAuthorization, describe, type Issuer } from './issuer-context.ts';
import type { MetadataSource } from './metadata.ts';
import { pause } from './pause.ts';
import { StreamProtocolError } from './stream-events.ts';
import type { ClientCredentials } from './verifier.ts';

/** Between attempts: soon after a stream that was good, then less and less often. Half of it is chance, so that APIs do not come all at once. */
const BACKOFF_MS = { min: 100, max: 5_000 };
/** A stream that held for so long was good: the next attempt is a first one. */
const STEADY_MS = 5_000;
/** An issuer that does not know us will not do so in a moment; one that is full says when to come again. */
const REFUSED_MS = 30_000;
const RETRY_AFTER_MS_MAX = 60_000;
/** A position that was last confirmed so long ago is given up: lists are fetched anew, whatever happened in between. */
const FORGET_MS = 60_000;

export interface StreamOptions {
  readonly issuer: Issuer;
  readonly credentials: ClientCredentials;
  readonly metadata: MetadataSource;
  readonly coverage: Coverage;
  /** True when the stream is now complete up to the present. */
  readonly onEvent: (event: StreamEvent) => boolean;
}

export interface RevocationStream {
  /** Resolves when the stream is open and complete for the first time. */
  readonly opened: Promise<void>;
  /** Why it is not open, as far as that was told. */
  problem(): string | undefined;
}

interface State {
  failures: number;
  /** What the server asked for by `retry:`. */
  pauseMs: number;
  openSince: number | undefined;
  told: string | undefined;
  open: (() => void) | undefined;
}

export function openRevocationStream(options: StreamOptions): RevocationStream {
  const state: State = {
    failures: 0,
    pauseMs: BACKOFF_MS.min,
    openSince: undefined,
    told: undefined,
    open: undefined,
  };
  const opened = new Promise<void>((resolve) => {
    state.open = resolve;
  });
  void keepOpen(options, state);
  return { opened, problem: () => state.told };
}

async function keepOpen(options: StreamOptions, state: State): Promise<void> {
  const { issuer, coverage } = options;
  while (!issuer.closed.aborted) {
    if (coverage.to !== undefined && ageOf(coverage.confirmedAt, issuer.now()) > FORGET_MS) coverage.forget();
    const end = await holdOpen(options, state);
    coverage.lost();
    if (end.forget) coverage.forget();
    if (issuer.closed.aborted) return;
    tellClosed(issuer, state, end.reason);
    const wasSteady = state.openSince !== undefined && issuer.now() - state.openSince > STEADY_MS;
    state.failures = wasSteady ? 1 : state.failures + 1;
    state.openSince = undefined;
    await pause(Math.max(end.waitMs, backoffMs(state)), issuer.closed);
  }
}

interface End {
  readonly reason: string;
  readonly waitMs: number;
  /** Whether what the stream said is worth nothing any more. */
  readonly forget: boolean;
}

/** One connection, from its request to its end. */
async function holdOpen(options: StreamOptions, state: State): Promise<End> {
  const { issuer, metadata } = options;
  const silence = watchSilence(issuer);
  try {
    const { revocationStreamEndpoint: url } = await metadata.get();
    if (url === undefined) {
      metadata.doubt();
      return { reason: 'the issuer has no stream of revocations', waitMs: REFUSED_MS, forget: false };
    }
    silence.heard();
    const response = await issuer.fetch(url, {
      headers: requestHeaders(options),
      redirect: 'manual',
      signal: silence.signal,
    });
    const type = response.headers.get('content-type') ?? '';
    if (response.status !== 200 || !/^text\/event-stream\b/i.test(type)) {
      await response.body?.cancel();
      return refusal(response, metadata);
    }
    await readEvents(response, options, state, silence);
    return { reason: 'the issuer ended the stream', waitMs: 0, forget: false };
  } catch (error) {
    return { reason: describe(error), waitMs: 0, forget: error instanceof StreamProtocolError };
  } finally {
    silence.end();
  }
}

function requestHeaders({ credentials, coverage }: StreamOptions): Record<string, string> {
  return {
    Accept: 'text/event-stream',
    'Cache-Control': 'no-store',
    Authorization: basicAuthorization(credentials),
    ...(coverage.to === undefined ? {} : { 'Last-Event-ID': String(coverage.to) }),
  };
}

function refusal(response: Response, metadata: MetadataSource): End {
  const { status } = response;
  const reason = `the stream was answered with ${status}`;
  // We may never be let in again, and lists have to be judged by themselves.
  if (status === 401 || status === 403) return { reason, waitMs: REFUSED_MS, forget: true };
  if (status === 404) metadata.doubt();
  const seconds = /^\d{1,6}$/.exec(response.headers.get('retry-after') ?? '')?.[0];
  const waitMs = seconds === undefined ? 0 : Math.min(Number(seconds) * 1000, RETRY_AFTER_MS_MAX);
  return { reason, waitMs, forget: false };
}

async function readEvents(
  response: Response,
  { issuer, coverage, onEvent }: StreamOptions,
  state: State,
  { heard, refuseLate }: Silence,
): Promise<void> {
  const parse = createEventParser({
    event(event) {
      heard();
      coverage.heard();
      if (!onEvent(event)) return;
      state.open?.();
      if (state.openSince !== undefined) return;
      state.openSince = issuer.now();
      state.told = undefined;
      issuer.tell({ type: 'stream-open' });
    },
    comment() {
      heard();
      coverage.heard();
    },
    retry(ms) {
      state.pauseMs = Math.min(Math.max(ms, BACKOFF_MS.min), BACKOFF_MS.max);
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    refuseLate();
    try {
      parse(decoder.decode(chunk, { stream: true }));
    } catch (cause) {
      // What was cut short may have named a revocation.
      throw new StreamProtocolError(describe(cause), { cause });
    }
  }
}

interface Silence {
  readonly signal: AbortSignal;
  readonly heard: () => void;
  /** Throws when the last word was too long ago for any timer that ran meanwhile. */
  readonly refuseLate: () => void;
  readonly end: () => void;
}

/** A connection that says nothing is cut, whether it stands in the request, in the answer or in a dead network. */
function watchSilence({ closed, now }: Issuer): Silence {
  let heardAt = now();
  const controller = new AbortController();
  const abort = (): void => controller.abort(new Error('closed'));
  const timer = setTimeout(() => controller.abort(new Error(SILENT)), SILENCE_MS);
  timer.unref();
  if (closed.aborted) abort();
  closed.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    heard() {
      heardAt = now();
      timer.refresh();
    },
    refuseLate() {
      // A machine that was paused wakes up to heartbeats that were sent before. They say nothing about the time since.
      if (now() - heardAt > SILENCE_MS) throw new Error(SILENT);
    },
    end() {
      clearTimeout(timer);
      closed.removeEventListener('abort', abort);
      // Whatever ended the reading, the connection does not stay behind.
      controller.abort(new Error('ended'));
    },
  };
}

const SILENT = 'the stream was silent';

/** Once per reason, not once per attempt. */
function tellClosed(issuer: Issuer, state: State, reason: string): void {
  if (state.told === reason) return;
  state.told = reason;
  issuer.tell({ type: 'stream-closed', reason });
}

function backoffMs({ failures, pauseMs }: State): number {
  const most = Math.min(pauseMs * 2 ** Math.min(failures - 1, 10), BACKOFF_MS.max);
  const [chance = 0] = crypto.getRandomValues(new Uint32Array(1));
  return most / 2 + (most / 2) * (chance / 2 ** 32);
}
