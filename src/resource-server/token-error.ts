/** Stable codes: what an API may branch on and log. The first group is OAuth's own (RFC 6750 §3.1, 9449 §7, 9470 §3). */
export type TokenErrorCode =
  | 'missing_token'
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'
  | 'insufficient_user_authentication'
  // What the API, not the client, has to do something about.
  | 'keys_unavailable'
  | 'status_unavailable'
  | 'introspection_unavailable';

/** Why a token that looks like one was refused: finer than `invalid_token`, for logs. Never a secret. */
export type TokenErrorReason =
  | 'malformed'
  | 'type'
  | 'algorithm'
  | 'unknown_key'
  | 'signature'
  | 'issuer'
  | 'audience'
  | 'expired'
  | 'not_yet_valid'
  | 'claims'
  | 'revoked'
  | 'suspended'
  | 'inactive'
  | 'scheme'
  | 'not_bound'
  | 'wrong_key'
  | 'wrong_certificate'
  | 'replayed';

/** The one error that verification throws. `status` and `headers` are the answer to give (RFC 6750 §3). */
export class TokenError extends Error {
  override readonly name = 'TokenError';
  readonly code: TokenErrorCode;
  readonly reason: TokenErrorReason | undefined;
  /** 400, 401, 403, or 503 where the API cannot tell. */
  readonly status: number;
  /** `WWW-Authenticate`, and `DPoP-Nonce` or `Retry-After` where they belong; a list is several headers of one name. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;

  constructor(
    code: TokenErrorCode,
    message: string,
    options: {
      status: number;
      reason?: TokenErrorReason | undefined;
      headers?: Readonly<Record<string, string | readonly string[]>>;
      cause?: unknown;
    },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.reason = options.reason;
    this.status = options.status;
    this.headers = options.headers ?? {};
  }

  /** The body to send with it. */
  toJSON(): { error: string; error_description: string } {
    return { error: this.code, error_description: this.message };
  }
}
