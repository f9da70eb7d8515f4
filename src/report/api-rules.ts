import type { ApiRule } from './rule.ts';

/** Longer than this, a stolen token outlives most incident responses wherever an API does not follow revocations. */
const TTL_SECONDS_MAX = 3600;

export const API_RULES: readonly ApiRule[] = [
  {
    id: 'AP-01',
    title: 'Access tokens live for more than an hour',
    severity: 'low',
    references: ['RFC 9700 §4.10', 'RFC 6819 §5.1.5.3'],
    annexA: ['8.5'],
    remedy: 'Shorten them: guichet apis update AUDIENCE --ttl 600. Refresh tokens keep people signed in.',
    check: ({ tokenTtlSeconds }) =>
      tokenTtlSeconds > TTL_SECONDS_MAX ? `They live for ${tokenTtlSeconds} s.` : undefined,
  },
  {
    id: 'AP-02',
    title: 'No scopes',
    severity: 'low',
    references: ['RFC 9700 §2.3', 'ASVS 5.0 V10.3.2'],
    annexA: ['5.15', '8.3'],
    remedy:
      'Say what can be done: guichet apis update AUDIENCE --scope NAME=DESCRIPTION. Demand the scopes in the API.',
    check: ({ scopes }) => (scopes.length === 0 ? 'A token for it opens all of it.' : undefined),
  },
  {
    id: 'AP-03',
    title: 'Every person gets every scope that their application may ask for',
    severity: 'info',
    references: ['RFC 9700 §2.3', 'ASVS 5.0 V8.2.1'],
    annexA: ['5.15', '5.18', '8.3'],
    remedy:
      'Make roles and enforce them: guichet roles create NAME --api AUDIENCE --scope SCOPE, guichet apis update AUDIENCE --enforce-roles.',
    check({ enforcesRoles, scopes }) {
      if (scopes.length === 0) return null;
      return enforcesRoles ? undefined : 'Only the application and the API itself tell people apart.';
    },
  },
  {
    id: 'AP-04',
    title: 'No client may ask for its tokens',
    severity: 'info',
    references: ['ASVS 5.0 V13.4.2'],
    annexA: ['8.9'],
    remedy: 'Delete it if it is not used: guichet apis delete AUDIENCE.',
    check({ clients, origin, disabledAt }) {
      if (origin === 'built-in' || disabledAt) return null;
      return clients === 0 ? 'Nobody can use it.' : undefined;
    },
  },
];
