import type { Picture } from './picture.ts';
import type { Setting } from './reference.ts';
import type { LogLevel } from './values.ts';

/** What the rest of the server knows of its configuration: parsed, complete, read-only. */
export interface Config {
  /** Every variable as it was given, for operators to look at. */
  readonly settings: readonly Setting[];
  readonly mode: 'development' | 'production';
  /** Origin only, without a trailing slash. */
  readonly issuer: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** No port, no metrics listener. */
  readonly metrics: { readonly host: string; readonly port: number | undefined };
  /** Absolute. */
  readonly dataDir: string;
  /** No url, embedded PostgreSQL in `dataDir`. */
  readonly database: { readonly url: string | undefined; readonly poolMax: number };
  /** CIDR blocks; a single address has become a /32 or /128. */
  readonly trustedProxies: readonly string[];
  /** Lower case. The header in which a trusted proxy passes the TLS client certificate on; none, no mutual TLS (RFC 8705). */
  readonly clientCertificateHeader: string | undefined;
  readonly secrets: { readonly secret: readonly string[]; readonly encryptionKeys: readonly Buffer[] };
  readonly logLevel: LogLevel;
  readonly tokens: {
    readonly accessTtlSeconds: number;
    readonly refreshTtlSeconds: number;
    readonly refreshIdleSeconds: number;
    readonly refreshGraceSeconds: number;
  };
  readonly statusLists: { readonly ttlSeconds: number };
  readonly sessions: { readonly ttlSeconds: number; readonly idleSeconds: number };
  readonly authentication: {
    readonly multiFactor: 'optional' | 'required';
    /** 0: no device is remembered. */
    readonly rememberDeviceDays: number;
    readonly passwordLengthMin: number;
    /** How fresh a sign-in must be for changes of credentials. */
    readonly reauthenticationSeconds: number;
  };
  readonly registration: {
    readonly mode: 'off' | 'invite' | 'open';
    /** Lower case, ASCII; none: any domain. */
    readonly domains: readonly string[];
  };
  readonly mail: {
    /** None: kept to be read in development; not sent at all in production. */
    readonly smtpUrl: string | undefined;
    readonly from: string;
  };
  readonly brand: {
    readonly name: string;
    readonly logo: Picture | undefined;
    /** `#rrggbb`, lower case. */
    readonly color: string | undefined;
  };
  readonly keys: { readonly rotationDays: number; readonly publishSeconds: number };
  readonly limits: {
    /** 0: none. */
    readonly clientRequestsPerMinute: number;
    readonly registrationsPerHour: number;
  };
  /** CIDR blocks and lower-case host names. */
  readonly egressAllow: readonly string[];
  readonly shutdownSeconds: number;
  /** Sentences the operator should see once at start; they hold no secret. */
  readonly notices: readonly string[];
}
