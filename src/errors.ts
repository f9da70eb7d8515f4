interface AppErrorOptions {
  /** HTTP status the doors answer with; 500 when nobody outside can do anything about it. */
  readonly status?: number;
  /** What really happened: for the log, never for an answer. */
  readonly cause?: unknown;
  /** More for the operator's log; must hold no secret. */
  readonly detail?: unknown;
  /** Answered as `Retry-After` (RFC 9110 §10.2.3). */
  readonly retryAfterSeconds?: number;
}

/** A broken rule with a stable code and a sentence that may be shown to anybody. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: string;
  readonly status: number;
  readonly detail: unknown;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: string, safeMessage: string, options: AppErrorOptions = {}) {
    super(safeMessage, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? 500;
    this.detail = options.detail;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** Why a request to somebody else failed, for operators: fetch hides what happened in the cause. */
export function networkReasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return cause instanceof Error ? cause.message : String(cause);
}
