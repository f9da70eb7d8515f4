import type { CanonicalEvent } from './export.ts';

/**
 * Our events as those of the Open Cybersecurity Schema Framework, 1.1.0 (https://schema.ocsf.io). What is not in the tables is an
 * entity that was managed, so that a new type of ours is classed as well as can be until somebody writes it down.
 */
const VERSION = '1.1.0';

interface OcsfClass {
  readonly category_uid: 3 | 6;
  readonly category_name: string;
  readonly class_uid: 3001 | 3002 | 3003 | 3004 | 6003;
  readonly class_name: string;
}

const IAM = { category_uid: 3, category_name: 'Identity & Access Management' } as const;
const ACCOUNT_CHANGE: OcsfClass = { ...IAM, class_uid: 3001, class_name: 'Account Change' };
const AUTHENTICATION: OcsfClass = { ...IAM, class_uid: 3002, class_name: 'Authentication' };
const ENTITY_MANAGEMENT: OcsfClass = { ...IAM, class_uid: 3004, class_name: 'Entity Management' };
const API_ACTIVITY: OcsfClass = {
  category_uid: 6,
  category_name: 'Application Activity',
  class_uid: 6003,
  class_name: 'API Activity',
};

interface Mapping {
  readonly class: OcsfClass;
  readonly activity: number;
  readonly name: string;
  readonly failed?: true;
}

const other = (kind: OcsfClass, name: string): Mapping => ({ class: kind, activity: 99, name });
const logon = (failed?: true): Mapping => ({
  class: AUTHENTICATION,
  activity: 1,
  name: 'Logon',
  ...(failed ? { failed } : {}),
});
const account = (activity: number, name: string): Mapping => ({ class: ACCOUNT_CHANGE, activity, name });
const FACTOR_ENABLED = account(10, 'MFA Factor Enable');
const FACTOR_DISABLED = account(11, 'MFA Factor Disable');

/** By the whole type. */
const TYPES: Readonly<Record<string, Mapping>> = {
  'account.signed-in': logon(),
  'account.sign-in-failed': logon(true),
  'client.authentication-failed': logon(true),
  'second-factor.failed': logon(true),
  'totp.used': other(AUTHENTICATION, 'Second Factor'),
  'recovery-code.used': other(AUTHENTICATION, 'Second Factor'),
  'passkey.used': other(AUTHENTICATION, 'Second Factor'),
  'session.ended': { class: AUTHENTICATION, activity: 2, name: 'Logoff' },
  'identity.signed-out': { class: AUTHENTICATION, activity: 2, name: 'Logoff' },
  'account.created': account(1, 'Create'),
  'accounts.imported': account(1, 'Create'),
  'account.enabled': account(2, 'Enable'),
  'account.password-set': account(3, 'Password Change'),
  'account.password-reset-requested': account(4, 'Password Reset'),
  'account.disabled': account(5, 'Disable'),
  'account.deleted': account(6, 'Delete'),
  'account.factors-reset': FACTOR_DISABLED,
  'second-factor.locked': account(9, 'Lock'),
  'passkey.added': FACTOR_ENABLED,
  'totp.added': FACTOR_ENABLED,
  'recovery-codes.made': FACTOR_ENABLED,
  'totps.imported': FACTOR_ENABLED,
  'passkey.removed': FACTOR_DISABLED,
  'totp.removed': FACTOR_DISABLED,
  'mail.held-back': other(API_ACTIVITY, 'Mail Held Back'),
  revoked: other(API_ACTIVITY, 'Revoke'),
  'refresh-token.reused': { ...other(API_ACTIVITY, 'Refresh Token Reuse'), failed: true },
  'code.replayed': { ...other(API_ACTIVITY, 'Code Replay'), failed: true },
  'proof.replayed': { ...other(API_ACTIVITY, 'Proof Replay'), failed: true },
  'limit.reached': { ...other(API_ACTIVITY, 'Limit Reached'), failed: true },
  'guessing.stopped': { ...other(API_ACTIVITY, 'Guessing Stopped'), failed: true },
};

/** About a person, where the type is not above. */
const OF_PEOPLE = /^(?:accounts?|identity|passkey|totp|recovery-codes?|remembered-device|second-factor)\./;

/** By its verb: an entity is created, read, updated or deleted. */
const VERBS: readonly (readonly [verbs: RegExp, activity: 1 | 2 | 3 | 4, name: string])[] = [
  [
    /\.(?:created|added|imported|registered|assigned|blocked|published|granted|linked|made|given)$/,
    1,
    'Create',
  ],
  [/\.(?:exported|read|shown)$/, 2, 'Read'],
  [/\.(?:deleted|removed|revoked|withdrawn|unlinked|unblocked|taken)$/, 4, 'Delete'],
];

export function mappingOf(type: string): Mapping {
  const exact = TYPES[type];
  if (exact) return exact;
  const [, verb = type] = type.split('.');
  if (OF_PEOPLE.test(type)) return other(ACCOUNT_CHANGE, inWords(verb));
  const found = VERBS.find(([verbs]) => verbs.test(type));
  const [, activity, name] = found ?? [undefined, 3, 'Update'];
  return { class: ENTITY_MANAGEMENT, activity, name };
}

/** OCSF's severities: 1 informational … 5 critical. */
function severityOf(score: number): { severity_id: number; severity: string } {
  if (score >= 80) return { severity_id: 4, severity: 'High' };
  if (score >= 50) return { severity_id: 3, severity: 'Medium' };
  if (score >= 30) return { severity_id: 2, severity: 'Low' };
  return { severity_id: 1, severity: 'Informational' };
}

/** `seq` and `hash` name the link, so that a SIEM can prove what it has. */
export function toOcsf(
  event: CanonicalEvent,
  { seq, hash }: { seq: number; hash: string },
): Record<string, unknown> {
  const mapping = mappingOf(event.type);
  const { class: kind, activity, name, failed } = mapping;
  const user = event.account_id ?? (event.actor.startsWith('account:') ? event.actor.slice(8) : event.actor);
  return {
    ...kind,
    activity_id: activity,
    activity_name: name,
    type_uid: kind.class_uid * 100 + activity,
    type_name: `${kind.class_name}: ${name}`,
    ...severityOf(event.risk?.score ?? 0),
    status_id: failed ? 2 : 1,
    status: failed ? 'Failure' : 'Success',
    time: Date.parse(event.occurred_at),
    metadata: {
      version: VERSION,
      product: { name: 'Guichet', vendor_name: 'Guichet' },
      uid: String(seq),
      event_code: event.type,
      ...(event.request_id === undefined ? {} : { correlation_uid: event.request_id }),
    },
    actor: { user: { uid: event.actor } },
    ...(event.address === undefined ? {} : { src_endpoint: endpointOf(event.address) }),
    ...partiesOf(event, kind, user),
    ...(event.risk ? { message: event.risk.reasons.join(', ') } : {}),
    unmapped: { detail: event.detail, risk: event.risk, hash },
  };
}

function partiesOf(event: CanonicalEvent, kind: OcsfClass, user: string): Record<string, unknown> {
  const service = event.client_id === undefined ? { name: 'Guichet' } : { uid: event.client_id };
  if (kind.class_uid === 3001) return { user: { uid: user } };
  if (kind.class_uid === 3002) return { user: { uid: user }, service };
  if (kind.class_uid === 3004) return { entity: entityOf(event) };
  return { api: { operation: event.type, service }, resources: [entityOf(event)] };
}

/** What a change was about is the one fact its detail names first, or the client or person it is about. */
function entityOf(event: CanonicalEvent): Record<string, unknown> {
  const [noun = event.type] = event.type.split('.');
  const named = Object.entries(event.detail).find(
    ([key, value]) => /(?:Id|kid|slug|name)$/.test(key) && typeof value === 'string',
  );
  const uid = event.client_id ?? named?.[1] ?? event.account_id;
  return { type: noun, ...(uid === undefined ? {} : { uid }), data: event.detail };
}

function endpointOf(address: string): Record<string, string> {
  return { ip: address };
}

function inWords(verb: string): string {
  return verb.replaceAll('-', ' ').replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase());
}
