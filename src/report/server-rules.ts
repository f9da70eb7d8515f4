import { daysBetween } from './facts.ts';
import { listed, type ServerRule } from './rule.ts';

/** Twice what was configured: rotation has stopped. */
const ROTATION_SLACK = 2;
const KEY_AGE_DAYS_MAX = 400;
const CERTIFICATE_DAYS_MIN = 14;
const CHECKPOINT_AGE_DAYS_MAX = 1;

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
    remedy:
      'Send all of it to your SIEM: guichet webhooks create --name NAME --url URL --format ocsf, without --type and --min-risk.',
    check: ({ log }) =>
      log.sinks === 0
        ? 'Whoever takes the database takes the evidence: no webhook in use sends all of it.'
        : undefined,
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
