import { daysBetween, DORMANT_DAYS, type Facts } from './facts.ts';
import type { ServerRule } from './rule.ts';

/** Twice what was configured: rotation has stopped. */
const ROTATION_SLACK = 2;
const KEY_AGE_DAYS_MAX = 400;
const OWNERS_MAX = 5;
const CERTIFICATE_DAYS_MIN = 14;
const CHECKPOINT_AGE_DAYS_MAX = 1;
/** NIST SP 800-63B-4 §2.2.3 (AAL2): a day; a month is what most services use at AAL1. */
const SESSION_DAYS_MAX = 30;

export const SERVER_RULES: readonly ServerRule[] = [
  {
    id: 'SV-01',
    title: 'Runs in development mode',
    severity: 'low',
    references: ['ASVS 5.0 V13.4.2'],
    annexA: ['8.31', '8.9'],
    remedy: 'Set GUICHET_MODE=production where people other than developers use it.',
    check: ({ config }) =>
      config.mode === 'development' ? 'Secrets were made up, and mails can be read at /mails.' : undefined,
  },
  {
    id: 'SV-02',
    title: 'The issuer is not https',
    severity: 'high',
    references: ['RFC 9700 §2.6', 'RFC 8414 §2', 'OAuth 2.1 §1.5'],
    annexA: ['8.24', '5.14'],
    remedy: 'Put a reverse proxy with TLS in front, and set GUICHET_ISSUER to its https address.',
    check({ config }) {
      if (config.issuer.startsWith('https:')) return undefined;
      return /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::|$)/.test(config.issuer)
        ? null
        : `Tokens and passwords pass the network in the clear at ${config.issuer}.`;
    },
  },
  {
    id: 'SV-03',
    title: 'A signing key is too old',
    severity: 'high',
    references: ['ASVS 5.0 V11.1.1', 'NIST SP 800-57 §5.3.6'],
    annexA: ['8.24'],
    remedy: 'Rotate: guichet keys rotate. Look why the job does not: guichet doctor.',
    check({ keys, config, at }) {
      const max = Math.min(KEY_AGE_DAYS_MAX, config.keys.rotationDays * ROTATION_SLACK);
      const old = keys.filter(
        ({ state, activatedAt }) => state === 'active' && activatedAt && daysBetween(activatedAt, at) > max,
      );
      return old.length > 0 ? `Older than ${max} days: ${old.map(({ kid }) => kid).join(', ')}` : undefined;
    },
  },
  {
    id: 'SV-04',
    title: 'Everybody is a trusted proxy',
    severity: 'high',
    references: ['ASVS 5.0 V4.1.3', 'RFC 7239 §8.1'],
    annexA: ['8.20', '8.9'],
    remedy: 'List your proxies in GUICHET_TRUSTED_PROXIES, each as narrow as can be.',
    check: ({ config }) =>
      listed(
        config.trustedProxies.filter((cidr) => /\/[0-7]$/.test(cidr)),
        'Whoever calls may write their own address',
      ),
  },
  {
    id: 'SV-05',
    title: 'Requests to private networks are allowed widely',
    severity: 'medium',
    references: ['RFC 9700 §4.9', 'ASVS 5.0 V13.2.4'],
    annexA: ['8.20', '8.22'],
    remedy: 'List single hosts in GUICHET_EGRESS_ALLOW.',
    check: ({ config }) =>
      listed(
        config.egressAllow.filter((entry) => /\/(?:[0-9]|1[0-5])$/.test(entry)),
        'A client’s documents may lead this server into',
      ),
  },
  {
    id: 'SV-06',
    title: 'Metrics are open to every network',
    severity: 'medium',
    references: ['ASVS 5.0 V13.4.5'],
    annexA: ['8.20', '8.9'],
    remedy: 'Set GUICHET_METRICS_HOST to an inner address.',
    check({ config }) {
      if (config.metrics.port === undefined) return null;
      return ['0.0.0.0', '::'].includes(config.metrics.host)
        ? `They listen on ${config.metrics.host}.`
        : undefined;
    },
  },
  {
    id: 'SV-07',
    title: 'A password is all that people need',
    severity: 'medium',
    references: ['ASVS 5.0 V6.3.3', 'NIST SP 800-63B-4 §2.2'],
    annexA: ['8.5', '5.17'],
    remedy:
      'Demand two factors: GUICHET_MULTI_FACTOR=required, or of single ones: guichet clients update CLIENT --require mfa, guichet apis update AUDIENCE --require mfa.',
    check({ config, people }) {
      if (config.authentication.multiFactor === 'required' || people.passwordOnly === 0) return undefined;
      return `${people.passwordOnly} of ${people.total} people have a password and nothing beside it.`;
    },
  },
  {
    id: 'SV-08',
    title: 'Anybody can make an account',
    severity: 'info',
    references: ['ASVS 5.0 V6.4.1'],
    annexA: ['5.16'],
    remedy: 'Set GUICHET_REGISTRATION=invite, or name your domains in GUICHET_REGISTRATION_DOMAINS.',
    check: ({ config: { registration } }) =>
      registration.mode === 'open' && registration.domains.length === 0
        ? 'Registration is open to every domain.'
        : undefined,
  },
  {
    id: 'SV-09',
    title: 'People stay signed in for very long',
    severity: 'low',
    references: ['NIST SP 800-63B-4 §2.1.3', 'ASVS 5.0 V7.3.2'],
    annexA: ['8.5'],
    remedy: 'Shorten GUICHET_SESSION_TTL_SECONDS.',
    check({ config: { sessions } }) {
      const days = Math.floor(sessions.ttlSeconds / 86_400);
      return days > SESSION_DAYS_MAX ? `A session may last ${days} days.` : undefined;
    },
  },
  {
    id: 'SV-10',
    title: 'An administrator has no second factor',
    severity: 'high',
    references: ['ASVS 5.0 V6.3.3', 'NIST SP 800-63B-4 §2.2'],
    annexA: ['8.2', '8.5'],
    remedy: 'Have them sign in at /console, which asks for one; take the role away from whoever never does.',
    check({ people }) {
      if (people.administrators.length === 0) return null;
      return listed(
        named(people, ({ hasSecondFactor }) => !hasSecondFactor),
        'Without one',
      );
    },
  },
  {
    id: 'SV-11',
    title: 'An administrator has not signed in for a quarter',
    severity: 'medium',
    references: ['ASVS 5.0 V8.1.1'],
    annexA: ['5.18', '8.2'],
    remedy: 'Take the role away: guichet roles take ROLE --api guichet-admin --user USER.',
    check({ people, at }) {
      if (people.administrators.length === 0) return null;
      return listed(
        named(people, ({ signedInAt }) => signedInAt === null || daysBetween(signedInAt, at) > DORMANT_DAYS),
        `Not within ${DORMANT_DAYS} days`,
      );
    },
  },
  {
    id: 'SV-12',
    title: 'Many owners',
    severity: 'low',
    references: ['ASVS 5.0 V8.1.1'],
    annexA: ['8.2'],
    remedy: 'Make operators of those who need not decide about roles, keys and settings.',
    check({ people }) {
      const owners = people.administrators.filter(({ roles }) => roles.includes('owner')).length;
      return owners > OWNERS_MAX ? `${owners} people may do everything.` : undefined;
    },
  },
  {
    id: 'SV-13',
    title: 'Nobody is an owner',
    severity: 'info',
    references: [],
    annexA: ['8.2'],
    remedy: 'Make somebody one: guichet roles give owner --api guichet-admin --user USER.',
    check: ({ people }) =>
      people.administrators.some(({ roles }) => roles.includes('owner'))
        ? undefined
        : 'The console is nobody’s yet.',
  },
  {
    id: 'SV-14',
    title: 'Dormant accounts',
    severity: 'low',
    references: ['ASVS 5.0 V6.1.1'],
    annexA: ['5.16', '5.18'],
    remedy: 'Disable the accounts of people who have left: guichet users disable USER.',
    check: ({ people }) =>
      people.dormant > 0
        ? `${people.dormant} of ${people.total} did not sign in for ${DORMANT_DAYS} days.`
        : undefined,
  },
  {
    id: 'SV-15',
    title: 'Password hashes of another system',
    severity: 'low',
    references: ['ASVS 5.0 V11.4.2'],
    annexA: ['8.24', '5.17'],
    remedy:
      'They are replaced when their people sign in; of those who do not, guichet users require-password-change USER.',
    check: ({ people }) =>
      people.importedHashes > 0 ? `${people.importedHashes} have not been replaced by argon2id.` : undefined,
  },
  {
    id: 'SV-16',
    title: 'The audit log has no recent checkpoint',
    severity: 'medium',
    references: ['ASVS 5.0 V16.4.2'],
    annexA: ['8.15'],
    remedy: 'See that a server runs: it signs one by itself. Whether the log is whole: guichet audit verify.',
    check({ log, at }) {
      if (log.events === 0) return null;
      if (log.checkpointAt === null) return 'There is none: a log that was cut off would look whole.';
      const days = daysBetween(log.checkpointAt, at);
      return days > CHECKPOINT_AGE_DAYS_MAX ? `The latest is ${days} days old.` : undefined;
    },
  },
  {
    id: 'SV-17',
    title: 'The audit log stays on this machine',
    severity: 'medium',
    references: ['ASVS 5.0 V16.4.3'],
    annexA: ['8.15', '8.16'],
    remedy: 'Send it to your SIEM, every day at least: guichet audit export --format ocsf --since 24h.',
    check: ({ log }) => (log.sinks === 0 ? 'Whoever takes the database takes the evidence.' : undefined),
  },
  {
    id: 'SV-18',
    title: 'Passwords to the database pass a network in the clear',
    severity: 'high',
    references: ['ASVS 5.0 V12.3.1'],
    annexA: ['8.20', '8.24'],
    remedy: 'Add sslmode=verify-full to GUICHET_DATABASE_URL.',
    check({ config }) {
      if (config.database.url === undefined) return null;
      // PostgreSQL takes no host beside credentials, which a URL does not.
      const { hostname, searchParams } = new URL(config.database.url.replace('@/', '@localhost/'));
      const host = searchParams.get('host') ?? hostname;
      if (host === '' || host.startsWith('/') || /^(?:localhost|127\.|\[?::1)/.test(host)) return null;
      const mode = searchParams.get('sslmode');
      return mode === 'verify-full' || mode === 'verify-ca'
        ? undefined
        : `${host} is another machine, and sslmode is ${mode ?? 'not set'}.`;
    },
  },
  {
    id: 'SV-19',
    title: 'The server does not answer at its issuer',
    severity: 'medium',
    references: ['RFC 8414 §3'],
    annexA: ['8.9'],
    remedy: 'Start it, and check DNS, TLS and the proxy: guichet doctor.',
    check: ({ live }) => live.problem,
  },
  {
    id: 'SV-20',
    title: 'Security headers are missing',
    severity: 'medium',
    references: ['ASVS 5.0 V3.4.1', 'ASVS 5.0 V3.4.3', 'RFC 9700 §4.16'],
    annexA: ['8.26'],
    remedy: 'Let the proxy pass the headers of this server on as they are.',
    check: ({ live, config }) =>
      live.problem === undefined
        ? listed(missingHeaders(live.headers, config.issuer), 'Missing or weak')
        : null,
  },
  {
    id: 'SV-21',
    title: 'TLS is old',
    severity: 'high',
    references: ['RFC 9325 §3.1.1', 'ASVS 5.0 V12.1.1'],
    annexA: ['8.24', '8.20'],
    remedy: 'Offer TLS 1.2 and 1.3 only.',
    check({ live: { tls } }) {
      if (!tls) return null;
      return ['TLSv1.2', 'TLSv1.3'].includes(tls.protocol) ? undefined : `It speaks ${tls.protocol}.`;
    },
  },
  {
    id: 'SV-22',
    title: 'The certificate runs out or is not trusted',
    severity: 'high',
    references: ['ASVS 5.0 V12.2.2'],
    annexA: ['8.24'],
    remedy: 'Renew it, and let the proxy do so by itself.',
    check({ live: { tls }, at }) {
      if (!tls) return null;
      if (!tls.trusted) return 'This machine does not trust it.';
      const days = daysBetween(at, tls.certificateExpiresAt);
      return days < CERTIFICATE_DAYS_MIN ? `It ends in ${days} days.` : undefined;
    },
  },
];

function named(
  { administrators }: Facts['people'],
  wanted: (one: Facts['people']['administrators'][number]) => boolean,
): string[] {
  return administrators.filter(wanted).map(({ name }) => name);
}

function listed(items: readonly string[], what: string): string | undefined {
  return items.length === 0 ? undefined : `${what}: ${items.join(', ')}`;
}

const HEADERS: Readonly<Record<string, RegExp>> = {
  'content-security-policy': /default-src 'none'|default-src 'self'/,
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^DENY$/i,
  'referrer-policy': /^(?:no-referrer|strict-origin|same-origin)/,
};
const HSTS = /max-age=(?:[3-9]\d{7}|\d{9,})/;

function missingHeaders(headers: Readonly<Record<string, string>>, issuer: string): string[] {
  const weak = Object.entries(HEADERS)
    .filter(([name, pattern]) => !pattern.test(headers[name] ?? ''))
    .map(([name]) => name);
  const isHttps = issuer.startsWith('https:');
  return isHttps && !HSTS.test(headers['strict-transport-security'] ?? '')
    ? [...weak, 'strict-transport-security']
    : weak;
}
