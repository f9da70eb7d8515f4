/**
 * `guichet/testing`: the real server in the process of somebody's tests, with a database of its own that is thrown away, a
 * clock that the tests move, and tokens for the asking. This room puts the rest of the house together and adds no rule of its
 * own. This file holds the words for its callers; it is published, so it names no library but jose.
 */
import type { JWK } from 'jose';

import type { ClientCredentials, VerifierOptions } from '../resource-server/verifier.ts';
import type { RevokeTarget } from '../revocation/token.ts';

export interface TestIssuerOptions {
  /** What time it is when the issuer starts; the system's time unless said otherwise. */
  readonly now?: Date | undefined;
  /** Lifetime of tokens for APIs that do not say; 3600. */
  readonly tokenTtlSeconds?: number | undefined;
  /** Further GUICHET_* variables of the server. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Least severe messages to write to standard error; `error` unless said otherwise. */
  readonly logLevel?: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent' | undefined;
}

export interface TestIssuer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, the `iss` of its tokens; everything else is in its metadata. */
  readonly issuer: string;
  readonly clock: TestIssuerClock;
  /**
   * An access token as the server issues them (RFC 9068): signed with its key, recorded in its ledger. API, client and person
   * are made when there are none of that name.
   */
  mintToken(wish: TokenWish): Promise<string>;
  /** A token that every API must refuse. It is nowhere recorded. */
  mintForged(wish: ForgedWish): Promise<string>;
  /**
   * Ends what the target names, like an operator. Answers how many live tokens that were, and by when verifiers know that only
   * read status lists; those that follow the stream know within a second.
   */
  revoke(target: RevokeTarget | { readonly token: string }): Promise<TestRevocation>;
  createApi(wish: ApiWish): Promise<TestApi>;
  createClient(wish?: ClientWish): Promise<TestClient>;
  createUser(wish?: UserWish): Promise<TestUser>;
  /** For `createVerifier`: issuer, audience, credentials of that API, and the issuer's clock. */
  verifierOptions(audience: string): Promise<TestVerifierOptions>;
  /** Ends the server and removes its database. Close verifiers first. */
  close(): Promise<void>;
}

export interface TestRevocation {
  readonly tokens: number;
  readonly knownBy: Date;
}

/** Goes on by itself like the system's. The promises resolve when the server is ready for the new time. */
export interface TestIssuerClock {
  now(): Date;
  set(to: Date): Promise<void>;
  advance(seconds: number): Promise<void>;
}

export interface TokenWish {
  /** The API it is for: an absolute URI. */
  readonly audience: string;
  /** Names, or one text with spaces between them. */
  readonly scope?: string | readonly string[] | undefined;
  /** `sub`: the id of a user. Without it the token is the client's own. */
  readonly subject?: string | undefined;
  readonly clientId?: string | undefined;
  /** Seconds, 1 to 86 400; the API's lifetime unless said otherwise. */
  readonly expiresIn?: number | undefined;
  /** The public key to which DPoP binds the token (RFC 9449 §6). */
  readonly dpopJwk?: JWK | undefined;
  /** Any other confirmation (RFC 7800), for example `{ 'x5t#S256': … }` (RFC 8705 §3.1). */
  readonly cnf?: Readonly<Record<string, unknown>> | undefined;
  /** Further claims, `acr` and `auth_time` for example. Those that the ledger knows cannot be chosen here. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

/** What is wrong with a forged token; everything else about it is right. */
export type Forgery =
  /** Expired a minute ago, signed by the real key. */
  | 'expired'
  /** `nbf` in an hour. */
  | 'not-yet-valid'
  | 'wrong-issuer'
  | 'wrong-audience'
  /** `typ: JWT`, as an ID token has it (RFC 8725 §3.11). */
  | 'wrong-type'
  /** Signed by a key of somebody else, under a `kid` that the issuer never had. */
  | 'unknown-key'
  /** Signed by a key of somebody else under the issuer's `kid`. */
  | 'wrong-key'
  /** Signed by a key of somebody else that the header itself carries (RFC 8725 §3.5). */
  | 'embedded-key'
  /** `alg: none`, no signature (RFC 8725 §3.2). */
  | 'alg-none'
  /** HMAC with the issuer's public key as the secret (RFC 8725 §2.1). */
  | 'hmac-with-public-key'
  /** A payload that was changed after signing. */
  | 'tampered';

export interface ForgedWish extends TokenWish {
  readonly kind: Forgery;
}

export interface ApiWish {
  readonly audience: string;
  readonly name?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly tokenTtlSeconds?: number | undefined;
  /** ES256 unless said otherwise. */
  readonly signingAlg?: 'ES256' | 'RS256' | 'EdDSA' | undefined;
}

export interface TestApi {
  readonly id: string;
  readonly audience: string;
}

export interface ClientWish {
  /** Drawn when it is not given. */
  readonly id?: string | undefined;
  /** `machine` unless said otherwise: client credentials. */
  readonly kind?: 'web' | 'spa' | 'native' | 'machine' | 'device' | 'api' | undefined;
  /** What it may ask for. An API that does not exist yet is made, with these scopes. */
  readonly apis?: readonly { readonly audience: string; readonly scopes: readonly string[] }[] | undefined;
  /** The API whose own credentials these are. */
  readonly actsFor?: string | undefined;
  /** RFC 7591 members, `redirect_uris` for example. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** No consent page. */
  readonly firstParty?: boolean | undefined;
}

export interface TestClient {
  readonly clientId: string;
  /** Empty for clients that keep no secret. */
  readonly clientSecret: string;
}

export interface UserWish {
  readonly email?: string | undefined;
  readonly username?: string | undefined;
  /** For signing in at the real pages. Hashing it takes a tenth of a second. */
  readonly password?: string | undefined;
  /** OIDC standard claims. */
  readonly profile?: Readonly<Record<string, unknown>> | undefined;
}

export interface TestUser {
  /** The `subject` of its tokens. */
  readonly id: string;
  readonly email: string | null;
  readonly username: string | null;
}

export type TestVerifierOptions = VerifierOptions & {
  readonly audience: string;
  readonly credentials: ClientCredentials;
  readonly now: () => number;
};
