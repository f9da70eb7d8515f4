import type { ClientMetadata, JWK } from 'oidc-provider';

/** What a rival is told by its parent, as JSON in the variable RIVAL. */
export interface Rival {
  readonly port: number;
  readonly issuer: string;
  readonly jwks: { readonly keys: JWK[] };
  readonly clients: readonly ClientMetadata[];
  readonly audience: string;
  /** Scopes of the API. */
  readonly scope: string;
  /** Without one, everything is kept in memory. */
  readonly databaseUrl: string | undefined;
}

/** An API whose tokens are opaque, for introspection: the library refuses to introspect JWTs. */
export const OPAQUE_AUDIENCE = 'https://api.example/opaque';
