import { daysBetween, DORMANT_DAYS, type Facts } from './facts.ts';
import { listed, type ServerRule } from './rule.ts';

const OWNERS_MAX = 5;
/** NIST SP 800-63B-4 §2.2.3 (AAL2): a day; a month is what most services use at AAL1. */
const SESSION_DAYS_MAX = 30;

/** Of the server as well: how people come to accounts, prove who they are, and which of them look after it. */
export const PEOPLE_RULES: readonly ServerRule[] = [
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
    remedy:
      'Open the link that makes the first one: guichet setup-link. Or: guichet roles give owner --api guichet-admin --user USER.',
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
];

function named(
  { administrators }: Facts['people'],
  wanted: (one: Facts['people']['administrators'][number]) => boolean,
): string[] {
  return administrators.filter(wanted).map(({ name }) => name);
}
