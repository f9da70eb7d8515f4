/**
 * A foreign issuer whose tokens may be exchanged for ours (RFC 8693). Its subjects are the people of one identity provider: a
 * token speaks for the account that has connected this issuer and subject, and for nobody by e-mail address.
 */
export interface TrustedIssuer {
  readonly id: string;
  /** As tokens carry it in `iss`, character by character. */
  readonly issuer: string;
  readonly providerId: string;
  /** What their tokens call us in `aud`. */
  readonly audience: string;
  /** null: found by discovery (OIDC Discovery §4). */
  readonly jwksUri: string | null;
  readonly algs: readonly string[];
  /** A token issued longer ago is refused, however long it would last. */
  readonly maxAgeSeconds: number;
  /** Each token is exchanged once, by its `jti`. */
  readonly oneTime: boolean;
  readonly createdAt: Date;
}

/** RFC 8725 §3.1: asymmetric, each listed. */
export const FOREIGN_ALGS = ['ES256', 'RS256', 'PS256', 'EdDSA', 'ES384', 'RS384', 'PS384'] as const;
export type ForeignAlg = (typeof FOREIGN_ALGS)[number];

/** What a foreign issuer signs with unless somebody says otherwise. */
export const DEFAULT_FOREIGN_ALGS: readonly ForeignAlg[] = ['ES256', 'RS256'];

export const FOREIGN_MAX_AGE_SECONDS = 3600;
