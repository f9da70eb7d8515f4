/**
 * `guichet/resource-server`: what an API needs to accept access tokens (RFC 9068) and to refuse revoked ones without asking
 * anybody per request. This folder is published: it imports `jose` and nothing else, and nothing of the rest of this house.
 * This file holds the words that the others share; `create-verifier.ts` puts them together.
 */
import type { CryptoKey, JWTPayload } from 'jose';

/** What an API says once, when it starts. */
export interface VerifierOptions {
  /** The `iss` of its tokens; metadata, keys, status lists and the stream are found from there (RFC 8414). */
  readonly issuer: string;
  /**
   * Take an issuer at http:// that is not this machine. For networks of containers in development: whoever stands between can put
   * their own keys in place of the issuer's, and every token they like is then good. Default false.
   */
  readonly allowInsecureIssuer?: boolean | undefined;
  /** What the API is called in `aud`; with several, one of them must be there. */
  readonly audience: string | readonly string[];
  /** Of a client registered at the issuer: opens the stream of revocations and allows introspection of opaque tokens. */
  readonly credentials?: ClientCredentials | undefined;
  /**
   * How revocations are learned. `stream` (default with credentials): within a second, and by lists while it is down. `list`
   * (default without): within the list's `ttl`. `none`: not at all, tokens live until they expire.
   */
  readonly status?: 'stream' | 'list' | 'none' | undefined;
  /**
   * What happens when nobody can say whether a token was revoked: `deny` (default), or `allow-until`: accept for as long as the
   * last good answer is not older than `allowUntilSeconds`, which must then be given.
   */
  readonly onStatusUnavailable?: 'deny' | 'allow-until' | undefined;
  readonly allowUntilSeconds?: number | undefined;
  /** Refuse tokens without `status` claim. Default false: such a token can be revoked at introspection only. */
  readonly requireStatus?: boolean | undefined;
  /** Signature algorithms accepted; asymmetric only (RFC 8725 §3.1). Default: ES256, RS256, PS256, EdDSA, Ed25519. */
  readonly algorithms?: readonly string[] | undefined;
  /** Clock skew forgiven in `exp`, `nbf` and `iat`. 0 to 60, default 5. */
  readonly clockSkewSeconds?: number | undefined;
  readonly dpop?: DpopOptions | undefined;
  /** Whether opaque tokens are introspected (RFC 7662). Default: when there are credentials. */
  readonly introspection?: boolean | undefined;
  /** URL of the protected-resource metadata (RFC 9728), named in every challenge. */
  readonly resourceMetadata?: string | undefined;
  /** Milliseconds since 1970; for tests. */
  readonly now?: (() => number) | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Told of what goes on behind: a stream that was lost, keys that could not be fetched. */
  readonly onEvent?: ((event: VerifierEvent) => void) | undefined;
}

export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export type VerifierEvent =
  | { readonly type: 'stream-open' | 'stream-closed'; readonly reason?: string }
  | { readonly type: 'keys-unavailable' | 'status-unavailable'; readonly reason: string };

export interface DpopOptions {
  /** Refuse tokens that are bound to no key. Default false. */
  readonly required?: boolean | undefined;
  /** Proofs seen before; one that several processes share makes replay visible across them. Default: this process's memory. */
  readonly replayStore?: ReplayStore | undefined;
  /**
   * 32 bytes or more, shared by the processes of one API: proofs must then carry a nonce of ours (RFC 9449 §9). Default: none.
   */
  readonly nonceSecret?: Uint8Array | undefined;
  /** Age of a proof, either way. 1 to 300, default 60. */
  readonly maxAgeSeconds?: number | undefined;
}

/** RFC 9449 §11.1. One conditional write decides; an answer of false, or a rejection, refuses the request. */
export interface ReplayStore {
  /** True for the first caller with this key; to be remembered until `expiresAt` (milliseconds since 1970). */
  claim(key: string, expiresAt: number): boolean | Promise<boolean>;
}

/** What the check needs to know of the request; adapters fill it in. */
export interface ResourceRequest {
  readonly method: string;
  /** Absolute, as the client wrote it (RFC 9449 §4.3, `htu`). */
  readonly url: string;
  /** Every `Authorization` header. More than one is refused. */
  readonly authorization?: string | readonly string[] | undefined;
  /** Every `DPoP` header. More than one is refused. */
  readonly dpop?: string | readonly string[] | undefined;
  /** The TLS client certificate, DER or PEM, where the connection had one (RFC 8705 §3). */
  readonly certificate?: string | Uint8Array | undefined;
}

/** What one route asks for beyond a valid token. */
export interface Requirements {
  /** All of them. */
  readonly scopes?: readonly string[] | undefined;
  /** At least one of them. */
  readonly anyScope?: readonly string[] | undefined;
  /** RFC 9470: one of these authentication context classes … */
  readonly acrValues?: readonly string[] | undefined;
  /** … and a sign-in not older than this, in seconds. */
  readonly maxAge?: number | undefined;
}

export interface VerifiedToken {
  readonly claims: JWTPayload;
  /** `sub`: a person, or the client itself. */
  readonly subject: string;
  readonly clientId: string;
  readonly scopes: ReadonlySet<string>;
  /** How it had to be presented. */
  readonly scheme: 'Bearer' | 'DPoP';
  /** Bound to a key by DPoP or to a certificate by mTLS (RFC 7800 `cnf`). */
  readonly senderConstrained: boolean;
}

export interface Verifier {
  /**
   * A token on its own, or with the request it came with (needed where it is bound to a key or a certificate). Throws
   * {@link TokenError}, always.
   */
  verify(token: string, request?: ResourceRequest, requirements?: Requirements): Promise<VerifiedToken>;
  /** A whole request: finds the token in the Authorization header and checks its scheme as well. Throws TokenError. */
  authenticate(request: ResourceRequest, requirements?: Requirements): Promise<VerifiedToken>;
  /** Resolves when keys are loaded and, with `stream`, the stream is open; rejects after `timeoutMs` (default 10 000). */
  ready(timeoutMs?: number): Promise<void>;
  /** Ends the stream and all timers. */
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * Where keys come from. Throws TokenError `keys_unavailable` when nobody can say, `invalid_token` when there is no such key. Gives the
 * same object for as long as the key stays good: verified signatures are remembered with it. Answers at once where it can.
 */
export type KeySource = (header: { kid?: string | undefined; alg: string }) => CryptoKey | Promise<CryptoKey>;

/** `unavailable`: nobody can say, and the last good answer is too old. */
export type TokenStatus = 'valid' | 'revoked' | 'suspended' | 'unavailable';

/**
 * Whether a token whose signature is good was revoked. Asked about every one, also where it has no `status` claim: who keeps a ledger
 * knows it all the same. Answers at once where it can, so that the common case never waits.
 */
export interface StatusSource {
  statusOf(claims: JWTPayload): TokenStatus | Promise<TokenStatus>;
}
