/**
 * Configuration: every variable the server reads, what it means and what it may hold. This folder is the only reader
 * of `process.env`; everything else takes `Config` (or a part of it) as an argument. The README's table and
 * `.env.example` are rendered from this schema (`reference.ts`).
 */
import { z } from 'zod';
import {
  allowedTargets,
  choice,
  color,
  domains,
  encryptionKeys,
  headerName,
  integer,
  issuer,
  logLevels,
  postgresUrl,
  proxies,
  signingSecrets,
  smtpUrl,
  text,
} from './values.ts';

interface VariableReference {
  readonly description: string;
  /** What holds when the variable is unset, in words: for variables whose default is no plain value. */
  readonly whenUnset?: string;
  /** Secrets can also be read from a file: NAME_FILE. */
  readonly secret?: true;
}

/** Description of every variable; the keys are the schemas themselves. */
export const variableReference = z.registry<VariableReference>();

const DAY_SECONDS = 86_400;
const YEAR_SECONDS = 365 * DAY_SECONDS;

export const variables = z.object({
  GUICHET_MODE: choice(['development', 'production']).default('development').register(variableReference, {
    description:
      'In `production` the issuer must be https and every secret given; `development` makes its own',
  }),
  GUICHET_HOST: text().optional().register(variableReference, {
    description: 'Address to listen on',
    whenUnset: '`127.0.0.1` in development, `::` in production',
  }),
  GUICHET_PORT: integer({ min: 1, max: 65_535 }).default(3000).register(variableReference, {
    description: 'Port to listen on',
  }),
  GUICHET_ISSUER: issuer().optional().register(variableReference, {
    description: 'Public URL of this server, as tokens carry it in `iss`: origin only, no path',
    whenUnset: '`http://localhost:PORT`; required in production',
  }),
  GUICHET_DATA_DIR: text().default('./data').register(variableReference, {
    description: 'Directory of the embedded database and of the secrets made in development',
  }),
  GUICHET_DATABASE_URL: postgresUrl().optional().register(variableReference, {
    description: 'PostgreSQL 15 or newer, as `postgres://user:password@host:5432/name`',
    whenUnset: 'an embedded PostgreSQL in the data directory',
    secret: true,
  }),
  GUICHET_DATABASE_POOL_MAX: integer({ min: 1, max: 200 }).default(10).register(variableReference, {
    description: 'Most database connections per process',
  }),
  GUICHET_METRICS_PORT: integer({ min: 1, max: 65_535 }).optional().register(variableReference, {
    description: 'Port of the Prometheus metrics listener',
    whenUnset: 'no metrics listener',
  }),
  GUICHET_METRICS_HOST: text().default('127.0.0.1').register(variableReference, {
    description: 'Address of the metrics listener',
  }),
  GUICHET_TRUSTED_PROXIES: proxies().default([]).register(variableReference, {
    description:
      'Addresses or CIDR blocks of the reverse proxies whose `X-Forwarded-*` is believed, comma-separated',
    whenUnset: 'none',
  }),
  GUICHET_CLIENT_CERTIFICATE_HEADER: headerName().optional().register(variableReference, {
    description:
      'Header in which a trusted proxy passes the TLS client certificate on, as RFC 9440 or escaped PEM: switches certificate-bound tokens on (RFC 8705). The proxy must set or remove it on every request',
    whenUnset: 'no mutual TLS',
  }),
  GUICHET_SECRET: signingSecrets().optional().register(variableReference, {
    description:
      'Signs cookies and digests client secrets; 32 or more random characters. A comma-separated list rotates it: the first signs, all verify',
    whenUnset: 'made in development; required in production',
    secret: true,
  }),
  GUICHET_ENCRYPTION_KEY: encryptionKeys().optional().register(variableReference, {
    description:
      'Encrypts stored keys and sessions and peppers password hashes; 32 random bytes in base64 or hex. A comma-separated list rotates it: the first encrypts, all decrypt',
    whenUnset: 'made in development; required in production',
    secret: true,
  }),
  GUICHET_LOG_LEVEL: choice(logLevels)
    .default('info')
    .register(variableReference, {
      description: `Least severe messages to log: ${logLevels.map((level) => `\`${level}\``).join(', ')}`,
    }),
  GUICHET_ACCESS_TOKEN_TTL_SECONDS: integer({ min: 30, max: DAY_SECONDS })
    .default(3600)
    .register(variableReference, {
      description: 'Lifetime of access tokens, unless their API says otherwise',
    }),
  GUICHET_REFRESH_TOKEN_TTL_SECONDS: integer({ min: 60, max: YEAR_SECONDS })
    .default(2_592_000)
    .register(variableReference, {
      description: 'Lifetime of a refresh token and all its successors together',
    }),
  GUICHET_REFRESH_TOKEN_IDLE_SECONDS: integer({ min: 60, max: YEAR_SECONDS })
    .default(1_209_600)
    .register(variableReference, {
      description: 'A refresh token unused for so long expires',
    }),
  GUICHET_REFRESH_GRACE_SECONDS: integer({ min: 0, max: 60 }).default(10).register(variableReference, {
    description: 'For so long a repeated refresh counts as a lost answer or a race and not as theft',
  }),
  GUICHET_STATUS_LIST_TTL_SECONDS: integer({ min: 1, max: DAY_SECONDS })
    .default(30)
    .register(variableReference, {
      description:
        'An API that reads status lists and does not follow the stream may keep one for so long: it learns of a revocation by then',
    }),
  GUICHET_SESSION_TTL_SECONDS: integer({ min: 60, max: YEAR_SECONDS })
    .default(1_209_600)
    .register(variableReference, {
      description: 'A sign-in lasts at most so long',
    }),
  GUICHET_SESSION_IDLE_SECONDS: integer({ min: 60, max: YEAR_SECONDS })
    .default(604_800)
    .register(variableReference, {
      description: 'A sign-in that is not used for so long ends',
    }),
  GUICHET_REAUTHENTICATION_SECONDS: integer({ min: 30, max: DAY_SECONDS })
    .default(600)
    .register(variableReference, {
      description:
        'Who changes a password, factor or address on the account pages signed in less than so long ago',
    }),
  GUICHET_MULTI_FACTOR: choice(['optional', 'required']).default('optional').register(variableReference, {
    description:
      'Whether everybody needs two factors (`required`) or only who has set one up (`optional`); clients and APIs can ask for more',
  }),
  GUICHET_REMEMBER_DEVICE_DAYS: integer({ min: 0, max: 365 }).default(30).register(variableReference, {
    description:
      'A device on which somebody proved two factors is not asked for the second one again for so many days, if they wish; 0 always asks',
  }),
  GUICHET_PASSWORD_LENGTH_MIN: integer({ min: 8, max: 64 }).default(15).register(variableReference, {
    description:
      'Least characters of a new password; below 15 only where everybody needs two factors (NIST SP 800-63B-4)',
  }),
  GUICHET_REGISTRATION: choice(['off', 'invite', 'open']).optional().register(variableReference, {
    description:
      'Whether people may make themselves an account: `open` to anybody with an e-mail address, `invite` for those an operator invited, or `off`',
    whenUnset: '`open` in development, `off` in production',
  }),
  GUICHET_REGISTRATION_DOMAINS: domains().default([]).register(variableReference, {
    description: 'Domains of e-mail addresses that may register, comma-separated',
    whenUnset: 'any',
  }),
  GUICHET_SMTP_URL: smtpUrl().optional().register(variableReference, {
    description:
      'Mail server, as `smtp://user:password@host:587` (STARTTLS) or `smtps://user:password@host:465`',
    whenUnset:
      'in development, mails are kept for you to read; in production there is no mail, and so no registration and no reset',
    secret: true,
  }),
  GUICHET_MAIL_FROM: text().optional().register(variableReference, {
    description: 'Sender of mails: `Example <login@example.com>`',
    whenUnset: '`no-reply@` and the issuer’s host',
  }),
  GUICHET_BRAND_NAME: text().default('Guichet').register(variableReference, {
    description: 'What people see as the name of this service, on pages and in mails',
  }),
  GUICHET_BRAND_LOGO: text().optional().register(variableReference, {
    description: 'Path of a logo for the pages: SVG, PNG, JPEG or WebP, 20 kB at most',
    whenUnset: 'a mark of ours',
  }),
  GUICHET_BRAND_COLOR: color().optional().register(variableReference, {
    description: 'Colour of buttons and links, as `#rrggbb`; pages make it readable in light and dark',
    whenUnset: 'a colour of ours',
  }),
  GUICHET_KEY_ROTATION_DAYS: integer({ min: 1, max: 3650 }).default(90).register(variableReference, {
    description: 'Signing keys are replaced after so many days',
  }),
  GUICHET_KEY_PUBLISH_SECONDS: integer({ min: 0, max: DAY_SECONDS })
    .default(900)
    .register(variableReference, {
      description:
        'A new signing key is published for so long before it signs, so that every API has it cached',
    }),
  GUICHET_CLIENT_REQUESTS_PER_MINUTE: integer({ min: 0, max: 1_000_000 })
    .default(0)
    .register(variableReference, {
      description:
        'Requests a minute that one client may make at `/token`, introspection, revocation, PAR and device authorization, counted by each process alone; 0: as many as it likes',
    }),
  GUICHET_REGISTRATIONS_PER_HOUR: integer({ min: 1, max: 1_000_000 })
    .default(500)
    .register(variableReference, {
      description: 'Attempts an hour to register clients with one initial access token',
    }),
  GUICHET_EGRESS_ALLOW: allowedTargets().default([]).register(variableReference, {
    description:
      'Hosts, addresses or CIDR blocks that outgoing calls may reach although they are private, comma-separated',
    whenUnset: 'none',
  }),
  GUICHET_SHUTDOWN_SECONDS: integer({ min: 0, max: 600 }).default(25).register(variableReference, {
    description: 'After SIGTERM, requests in flight get so long to finish',
  }),
});

export type Variables = z.infer<typeof variables>;
export type VariableName = keyof Variables;

export const variableNames: readonly VariableName[] = variables.keyof().options;

/** Secrets: these can also be given as the path of a file, in NAME_FILE. */
export const secretNames = variableNames.filter(
  (name) => variableReference.get(variables.shape[name])?.secret === true,
);
