/**
 * Why somebody did not come through a provider. The page has one sentence for each; the log has the detail.
 * `refused`: they or the person said no. `away`: not reachable. `wrong`: an answer that cannot be believed. `stale`: the proof
 * is older than was asked for. `unfinished`: they want something of the person first, which a retry leads to.
 */
export type UpstreamReason = 'refused' | 'away' | 'wrong' | 'stale' | 'unfinished';

export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  readonly reason: UpstreamReason;

  /** `detail` is for the log: it may quote codes of theirs, never tokens. */
  constructor(reason: UpstreamReason, detail: string, options: { readonly cause?: unknown } = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
  }
}
