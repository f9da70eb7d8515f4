import type { SecretRecord } from '../../src/clients/client.ts';
import { NO_EXCHANGE } from '../../src/clients/exchange.ts';
import type { SigningKey } from '../../src/keys/key.ts';
import type { ApiFacts, ClientFacts, Facts } from '../../src/report/facts.ts';
import { daysAgo, HEADERS, makeConfig, makeFacts, PEOPLE } from './facts.ts';

/** What differs from a subject without a finding. */
export interface Case<Subject> {
  readonly fails: Subject;
  /** A part of the finding. */
  readonly says: RegExp;
  readonly passes: Subject;
  /** The rule does not speak of it. */
  readonly silent?: Subject;
}

const [ADA] = PEOPLE.administrators;
const LIVE = makeFacts().live;
const LOG = makeFacts().log;

function configured(variables: Readonly<Record<string, string>>): Partial<Facts> {
  return { config: makeConfig(variables) };
}

function key(days: number, state: SigningKey['state'] = 'active'): SigningKey {
  const activatedAt = daysAgo(days);
  const dates = { createdAt: activatedAt, publishedAt: activatedAt, retiredAt: null, revokedAt: null };
  return { kid: `k${days}`, alg: 'ES256', state, publicJwk: {}, sealedPrivate: null, activatedAt, ...dates };
}

function people(changes: Partial<Facts['people']>): Partial<Facts> {
  return { people: { ...PEOPLE, ...changes } };
}

function administrator(changes: object): Partial<Facts> {
  return people({ administrators: ADA ? [{ ...ADA, ...changes }] : [] });
}

function owners(number: number): Partial<Facts> {
  return people({
    administrators: Array.from({ length: number }, () => ADA).filter((one) => one !== undefined),
  });
}

function tls(changes: object): Partial<Facts> {
  return { live: { ...LIVE, tls: LIVE.tls && { ...LIVE.tls, ...changes } } };
}

const NO_TLS: Partial<Facts> = { live: { ...LIVE, tls: undefined } };
/** Whose mails need a server. */
const OPEN = { REGISTRATION: 'open', SMTP_URL: 'smtps://mail.example.com' };
const FAR_DATABASE = 'postgres://guichet:secret@db.internal:5432/guichet';

export const SERVER_CASES: Readonly<Record<string, Case<Partial<Facts>>>> = {
  'SV-01': {
    fails: { config: { ...makeConfig(), mode: 'development' } },
    says: /made up/,
    passes: {},
  },
  'SV-02': {
    fails: { config: { ...makeConfig(), issuer: 'http://login.example.com' } },
    says: /in the clear at http:\/\/login\.example\.com/,
    passes: {},
    silent: { config: { ...makeConfig(), issuer: 'http://localhost:3000' } },
  },
  'SV-03': {
    fails: { keys: [key(500), key(1)] },
    says: /k500$/,
    passes: { keys: [key(10), key(900, 'retired')] },
  },
  'SV-04': {
    fails: { config: { ...makeConfig(), trustedProxies: ['0.0.0.0/0'] } },
    says: /0\.0\.0\.0\/0/,
    passes: configured({ TRUSTED_PROXIES: '10.0.0.0/8' }),
  },
  'SV-05': {
    fails: configured({ EGRESS_ALLOW: '10.0.0.0/8' }),
    says: /10\.0\.0\.0\/8/,
    passes: configured({ EGRESS_ALLOW: '10.1.2.3' }),
  },
  'SV-06': {
    fails: configured({ METRICS_PORT: '9100', METRICS_HOST: '0.0.0.0' }),
    says: /0\.0\.0\.0/,
    passes: configured({ METRICS_PORT: '9100', METRICS_HOST: '10.0.0.1' }),
    silent: {},
  },
  'SV-07': {
    fails: people({ passwordOnly: 3 }),
    says: /3 of 10/,
    passes: { ...people({ passwordOnly: 3 }), ...configured({ MULTI_FACTOR: 'required' }) },
  },
  'SV-08': {
    fails: configured(OPEN),
    says: /open/,
    passes: configured({ ...OPEN, REGISTRATION_DOMAINS: 'example.com' }),
  },
  'SV-09': {
    fails: configured({ SESSION_TTL_SECONDS: String(60 * 86_400) }),
    says: /60 days/,
    passes: configured({ SESSION_TTL_SECONDS: String(30 * 86_400) }),
  },
  'SV-10': {
    fails: administrator({ hasSecondFactor: false }),
    says: /ada/,
    passes: {},
    silent: owners(0),
  },
  'SV-11': {
    fails: administrator({ signedInAt: null }),
    says: /90 days: ada/,
    passes: administrator({ signedInAt: daysAgo(90) }),
    silent: owners(0),
  },
  'SV-12': { fails: owners(6), says: /^6 people/, passes: owners(5) },
  'SV-13': { fails: administrator({ roles: ['auditor'] }), says: /nobody’s/, passes: {} },
  'SV-14': { fails: people({ dormant: 4 }), says: /4 of 10/, passes: {} },
  'SV-15': { fails: people({ importedHashes: 2 }), says: /^2 have not/, passes: {} },
  'SV-16': {
    fails: { log: { ...LOG, checkpointAt: daysAgo(3) } },
    says: /3 days old/,
    passes: {},
    silent: { log: { ...LOG, events: 0, checkpointAt: null } },
  },
  'SV-17': { fails: { log: { ...LOG, sinks: 0 } }, says: /evidence/, passes: {} },
  'SV-18': {
    fails: configured({ DATABASE_URL: FAR_DATABASE }),
    says: /db\.internal.*not set/,
    passes: configured({ DATABASE_URL: `${FAR_DATABASE}?sslmode=verify-full` }),
    silent: configured({ DATABASE_URL: 'postgres://guichet:secret@/guichet?host=/run/postgresql' }),
  },
  'SV-19': {
    fails: { live: { problem: 'ECONNREFUSED', headers: {}, tls: undefined } },
    says: /ECONNREFUSED/,
    passes: {},
  },
  'SV-20': {
    fails: { live: { ...LIVE, headers: { ...HEADERS, 'strict-transport-security': 'max-age=60' } } },
    says: /strict-transport-security$/,
    passes: {},
    silent: { live: { problem: 'ECONNREFUSED', headers: {}, tls: undefined } },
  },
  'SV-21': { fails: tls({ protocol: 'TLSv1.1' }), says: /TLSv1\.1/, passes: {}, silent: NO_TLS },
  'SV-22': {
    fails: tls({ certificateExpiresAt: daysAgo(-3) }),
    says: /3 days/,
    passes: {},
    silent: NO_TLS,
  },
};

export const API_CASES: Readonly<Record<string, Case<Partial<ApiFacts>>>> = {
  'AP-01': { fails: { tokenTtlSeconds: 3601 }, says: /3601 s/, passes: { tokenTtlSeconds: 3600 } },
  'AP-02': { fails: { scopes: [] }, says: /all of it/, passes: {} },
  'AP-03': { fails: { enforcesRoles: false }, says: /tell people apart/, passes: {}, silent: { scopes: [] } },
  'AP-04': { fails: { clients: 0 }, says: /Nobody/, passes: {}, silent: { clients: 0, origin: 'built-in' } },
};

type ClientCase = Case<Partial<ClientFacts>>;

const WITH_SECRET = { token_endpoint_auth_method: 'client_secret_basic' };
const MACHINE = { grant_types: ['client_credentials'], redirect_uris: [] };

function metadata(members: Readonly<Record<string, unknown>>): Partial<ClientFacts> {
  return { metadata: members };
}

function withSecrets(...ages: readonly (Partial<SecretRecord> & { days: number })[]): Partial<ClientFacts> {
  const secrets = ages.map(({ days, expiresAt = null, lastUsedAt = null }) => ({
    id: `sec_${days}`,
    digest: Buffer.alloc(32),
    hint: `gcs_${days}`,
    createdAt: daysAgo(days),
    expiresAt,
    lastUsedAt,
  }));
  return { metadata: WITH_SECRET, secrets };
}

function impersonating(impersonation: boolean): Partial<ClientFacts> {
  return { exchange: { ...NO_EXCHANGE, impersonation } };
}

function redirectsTo(...uris: readonly string[]): Partial<ClientFacts> {
  return metadata({ redirect_uris: uris });
}

const NATIVE = metadata({ application_type: 'native', redirect_uris: ['http://127.0.0.1/done'] });

export const CLIENT_CASES: Readonly<Record<string, ClientCase>> = {
  'CL-01': { fails: metadata({ dpop_bound_access_tokens: false }), says: /Whoever comes by/, passes: {} },
  'CL-02': { fails: metadata(WITH_SECRET), says: /travels/, passes: {} },
  'CL-03': {
    fails: withSecrets({ days: 366 }, { days: 1 }),
    says: /^gcs_366… is 366 days old/,
    passes: withSecrets({ days: 365 }, { days: 900, expiresAt: daysAgo(1) }),
    silent: {},
  },
  'CL-04': {
    fails: withSecrets({ days: 100 }, { days: 31 }),
    says: /31 days old/,
    passes: withSecrets({ days: 100 }, { days: 30 }),
    silent: {},
  },
  'CL-05': { fails: redirectsTo('http://localhost:3000/'), says: /localhost/, passes: {}, silent: NATIVE },
  'CL-06': { fails: redirectsTo('com.example.notes:/done'), says: /com\.example\.notes/, passes: NATIVE },
  'CL-07': {
    fails: redirectsTo(...Array.from({ length: 11 }, (_, index) => `https://notes.example/${index}`)),
    says: /11 places/,
    passes: redirectsTo(...Array.from({ length: 10 }, (_, index) => `https://notes.example/${index}`)),
  },
  'CL-08': {
    fails: metadata({ require_pushed_authorization_requests: false }),
    says: /browser/,
    passes: {},
    silent: metadata(MACHINE),
  },
  'CL-09': {
    fails: metadata({ backchannel_logout_uri: undefined }),
    says: /goes on/,
    passes: {},
    silent: metadata(MACHINE),
  },
  'CL-10': {
    fails: metadata({ id_token_signed_response_alg: 'RS256' }),
    says: /PS256/,
    passes: {},
    silent: metadata(MACHINE),
  },
  'CL-11': { fails: impersonating(true), says: /themselves/, passes: impersonating(false), silent: {} },
  'CL-12': {
    fails: { ...metadata({ token_endpoint_auth_method: 'none' }), adminScopes: ['admin:keys:read'] },
    says: /admin:keys:read/,
    passes: { adminScopes: ['admin:keys:read'] },
    silent: {},
  },
  'CL-13': {
    fails: { adminScopes: ['admin:keys:read', 'admin:keys:write'] },
    says: /ask for admin:keys:write\.$/,
    passes: { adminScopes: ['admin:keys:read'] },
    silent: {},
  },
  'CL-14': {
    fails: { disabledAt: daysAgo(181) },
    says: /181 days/,
    passes: { disabledAt: daysAgo(180) },
    silent: {},
  },
  'CL-15': {
    fails: withSecrets({ days: 91 }, { days: 300, lastUsedAt: daysAgo(91) }),
    says: /90 days/,
    passes: withSecrets({ days: 91 }, { days: 300, lastUsedAt: daysAgo(2) }),
    silent: {},
  },
};
