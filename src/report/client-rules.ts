import type { SecretRecord } from '../clients/client.ts';
import { daysBetween, DORMANT_DAYS, type ClientFacts } from './facts.ts';
import type { ClientRule } from './rule.ts';

/** NIST SP 800-57 part 1, 5.3.6: a year is the most for a key that authenticates. */
const SECRET_AGE_DAYS_MAX = 365;
/** An overlap is for a roll-out, not for good. */
const OVERLAP_DAYS_MAX = 30;
const REDIRECT_URIS_MAX = 10;
const DISABLED_DAYS_MAX = 180;

export const CLIENT_RULES: readonly ClientRule[] = [
  {
    id: 'CL-01',
    title: 'Access tokens are not sender-constrained',
    severity: 'low',
    references: ['RFC 9700 §2.2.1', 'FAPI 2.0 SP §5.3.2.1', 'ASVS 5.0 V10.4.14'],
    annexA: ['8.5', '8.24'],
    remedy:
      'Bind its tokens to a key (dpop_bound_access_tokens) or to a certificate: guichet clients update CLIENT --certificate-bound.',
    check: (client) =>
      isOn(client, 'dpop_bound_access_tokens') ||
      isOn(client, 'tls_client_certificate_bound_access_tokens') ||
      !issues(client)
        ? undefined
        : 'Whoever comes by one of its access tokens can use it.',
  },
  {
    id: 'CL-02',
    title: 'Authenticates with a shared secret',
    severity: 'low',
    references: ['RFC 9700 §2.5', 'FAPI 2.0 SP §5.3.2.1', 'ASVS 5.0 V10.4.16'],
    annexA: ['8.5', '8.24'],
    remedy:
      'Register its public key: guichet clients update CLIENT --auth-method private_key_jwt --jwks-uri URI.',
    check: (client) =>
      usesSecret(client) ? 'A secret travels with every request; a key of its own would not.' : undefined,
  },
  {
    id: 'CL-03',
    title: 'A secret is older than a year',
    severity: 'medium',
    references: ['ASVS 5.0 V13.3.4', 'NIST SP 800-57 §5.3.6'],
    annexA: ['5.17', '8.24'],
    remedy: 'Rotate it: guichet clients rotate-secret CLIENT; the old one goes on working for the overlap.',
    check(client, { at }) {
      if (!usesSecret(client)) return null;
      const oldest = live(client, at).toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime())[0];
      const days = oldest ? daysBetween(oldest.createdAt, at) : 0;
      return days > SECRET_AGE_DAYS_MAX ? `${oldest?.hint}… is ${days} days old.` : undefined;
    },
  },
  {
    id: 'CL-04',
    title: 'Two secrets live side by side for too long',
    severity: 'medium',
    references: ['ASVS 5.0 V13.3.4'],
    annexA: ['5.17'],
    remedy:
      'End the old one once nothing uses it: guichet clients secrets CLIENT, guichet clients revoke-secret CLIENT SECRET.',
    check(client, { at }) {
      const secrets = live(client, at);
      if (secrets.length < 2) return usesSecret(client) ? undefined : null;
      const since = Math.min(...secrets.map(({ createdAt }) => daysBetween(createdAt, at)));
      return since > OVERLAP_DAYS_MAX
        ? `The newer one is ${since} days old, and the older one still works.`
        : undefined;
    },
  },
  {
    id: 'CL-05',
    title: 'A web application is led back to the machine of whoever signs in',
    severity: 'medium',
    references: ['RFC 9700 §2.1', 'RFC 8252 §8.3'],
    annexA: ['8.26', '8.31'],
    remedy: 'Give developers a client of their own, or register the application as native.',
    check(client, { config }) {
      if (client.metadata['application_type'] === 'native' || config.mode === 'development') return null;
      const local = texts(client, 'redirect_uris').filter(isLoopback);
      return local.length > 0
        ? `Any program on that machine can listen there: ${local.join(', ')}`
        : undefined;
    },
  },
  {
    id: 'CL-06',
    title: 'A private-use URI scheme leads back to an app',
    severity: 'low',
    references: ['RFC 8252 §8.6', 'OAuth 2.1 §8.4'],
    annexA: ['8.26'],
    remedy: 'Use a claimed https link (app links, universal links) or the loopback interface.',
    check(client) {
      const schemes = texts(client, 'redirect_uris').filter((uri) => !/^https?:/.test(uri));
      return schemes.length > 0 ? `Another app may claim the scheme of ${schemes.join(', ')}` : undefined;
    },
  },
  {
    id: 'CL-07',
    title: 'Many redirect URIs',
    severity: 'low',
    references: ['RFC 9700 §4.1'],
    annexA: ['8.9'],
    remedy: 'Take away those that are not used any more.',
    check(client) {
      const { length } = texts(client, 'redirect_uris');
      return length > REDIRECT_URIS_MAX
        ? `There are ${length} places to which a code may be sent.`
        : undefined;
    },
  },
  {
    id: 'CL-08',
    title: 'Authorization requests pass the browser',
    severity: 'info',
    references: ['FAPI 2.0 SP §5.3.2.2', 'RFC 9126', 'ASVS 5.0 V10.4.13'],
    annexA: ['8.26'],
    remedy: 'Let it push its requests, and demand it: require_pushed_authorization_requests.',
    check(client) {
      if (!grants(client, 'authorization_code')) return null;
      return isOn(client, 'require_pushed_authorization_requests')
        ? undefined
        : 'Whoever uses the browser can change them.';
    },
  },
  {
    id: 'CL-09',
    title: 'Is not told when somebody signs out',
    severity: 'info',
    references: ['OpenID Connect Back-Channel Logout 1.0', 'ASVS 5.0 V7.4.5'],
    annexA: ['8.5'],
    remedy:
      'Have it told: guichet clients update CLIENT --backchannel-logout-uri URI. Or keep its own sessions short.',
    check(client) {
      const keepsSessions =
        grants(client, 'authorization_code') && client.metadata['token_endpoint_auth_method'] !== 'none';
      if (!keepsSessions) return null;
      return client.metadata['backchannel_logout_uri'] === undefined
        ? 'A session of its own goes on after sign-out and after an account is disabled.'
        : undefined;
    },
  },
  {
    id: 'CL-10',
    title: 'ID tokens are signed with RS256',
    severity: 'info',
    references: ['FAPI 2.0 SP §5.4.1'],
    annexA: ['8.24'],
    remedy: 'Set id_token_signed_response_alg to ES256 or EdDSA where the application can verify it.',
    check(client) {
      if (!grants(client, 'authorization_code')) return null;
      return client.metadata['id_token_signed_response_alg'] === 'RS256'
        ? 'FAPI 2.0 takes PS256, ES256 or EdDSA.'
        : undefined;
    },
  },
  {
    id: 'CL-11',
    title: 'Acts for people without saying so',
    severity: 'medium',
    references: ['RFC 8693 §1.1', 'RFC 9700 §2.3'],
    annexA: ['5.15', '8.2'],
    remedy: 'Let it delegate (an act claim) instead: guichet clients update CLIENT --no-impersonation.',
    check: ({ exchange }) => {
      if (!exchange) return null;
      return exchange.impersonation
        ? 'Its exchanged tokens look as if the person themselves called.'
        : undefined;
    },
  },
  {
    id: 'CL-12',
    title: 'A public client may ask for administration',
    severity: 'high',
    references: ['RFC 9700 §2.3', 'ASVS 5.0 V10.4.11'],
    annexA: ['5.15', '8.2'],
    remedy: 'Take the admin API away from it: guichet clients update CLIENT --remove-api AUDIENCE.',
    check(client) {
      if (client.adminScopes.length === 0) return null;
      return client.metadata['token_endpoint_auth_method'] === 'none'
        ? `Anybody can pretend to be it, and it may ask for ${client.adminScopes.join(' ')}.`
        : undefined;
    },
  },
  {
    id: 'CL-13',
    title: 'May change how this server is administered',
    severity: 'low',
    references: ['RFC 9700 §2.3'],
    annexA: ['8.2', '5.18'],
    remedy: 'Leave it the scopes that it needs: guichet clients update CLIENT --api AUDIENCE --scopes NAMES.',
    check(client) {
      if (client.adminScopes.length === 0) return null;
      const writes = client.adminScopes.filter((scope) => scope.endsWith(':write'));
      return writes.length > 0 ? `It may ask for ${writes.join(' ')}.` : undefined;
    },
  },
  {
    id: 'CL-14',
    title: 'Disabled for half a year',
    severity: 'info',
    references: ['ASVS 5.0 V13.4.2'],
    annexA: ['5.18', '8.9'],
    remedy: 'Delete it: guichet clients delete CLIENT.',
    check({ disabledAt }, { at }) {
      if (!disabledAt) return null;
      const days = daysBetween(disabledAt, at);
      return days > DISABLED_DAYS_MAX ? `It was disabled ${days} days ago.` : undefined;
    },
  },
  {
    id: 'CL-15',
    title: 'A secret that nobody uses',
    severity: 'low',
    references: ['ASVS 5.0 V13.3.4'],
    annexA: ['5.18'],
    remedy: 'Disable it: guichet clients disable CLIENT. Delete it if nobody misses it.',
    check(client, { at }) {
      if (!usesSecret(client) || client.disabledAt) return null;
      const secrets = live(client, at);
      const unused = secrets.length > 0 && secrets.every((secret) => isUnused(secret, at));
      return unused ? `None of its secrets was used within ${DORMANT_DAYS} days.` : undefined;
    },
  },
];

function isUnused(secret: SecretRecord, at: Date): boolean {
  return daysBetween(secret.lastUsedAt ?? secret.createdAt, at) > DORMANT_DAYS;
}

function live(client: ClientFacts, at: Date): readonly SecretRecord[] {
  return client.secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt > at);
}

function usesSecret({ metadata }: ClientFacts): boolean {
  return String(metadata['token_endpoint_auth_method']).startsWith('client_secret_');
}

function issues({ metadata }: ClientFacts): boolean {
  return Array.isArray(metadata['grant_types']) && metadata['grant_types'].length > 0;
}

function grants({ metadata }: ClientFacts, grantType: string): boolean {
  return Array.isArray(metadata['grant_types']) && metadata['grant_types'].includes(grantType);
}

function isOn({ metadata }: ClientFacts, member: string): boolean {
  return metadata[member] === true;
}

function texts({ metadata }: ClientFacts, member: string): string[] {
  const value = metadata[member];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function isLoopback(uri: string): boolean {
  return /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?:[:/]|$)/.test(uri);
}
