import type { ConsolePages } from '../../views/locals/console.ts';
import { findFactors } from '../authenticators/factor-store.ts';
import { listConsentsOperation } from '../admin/grants.ts';
import { perform } from '../admin/perform.ts';
import { listSessionsOperation } from '../admin/sessions.ts';
import { listIdentitiesOperation } from '../admin/user-credentials.ts';
import { showUserOperation, updateUserOperation } from '../admin/users.ts';
import type { UserDocument } from '../documents/user.ts';
import { displayName } from '../interactions/present.ts';
import { deviceOf } from '../sessions/device.ts';
import type { ConsoleContext, Done, Screen, Visit } from './context.ts';
import { command } from './equivalents.ts';
import { filled, formOf, seen } from './form.ts';
import { heldRoleActions, heldRoles } from './held-roles.ts';
import { can } from './operator.ts';
import { show } from './show.ts';
import { userActions } from './user-actions.ts';
import { personName } from './users.ts';

type Locals = ConsolePages['console-user'];

const LABELS = {
  email: 'E-mail address',
  email_verified: 'Verified',
  username: 'Username',
  name: 'Name',
  given_name: 'Given name',
  family_name: 'Family name',
  phone_number: 'Telephone',
  locale: 'Language',
  zoneinfo: 'Time zone',
} as const;

const CLAIMS = ['name', 'given_name', 'family_name', 'phone_number', 'locale', 'zoneinfo'] as const;

/** More than anybody has at once; the list of sessions has them all. */
const SESSIONS_MAX = 50;

export const user: Screen = {
  path: '/users/:id',
  scope: 'admin:users:read',
  within: '/users',
  async get(context, visit) {
    const params = { user_id: visit.id };
    const { document } = await perform(context, showUserOperation, { params }, visit.operator);
    const identities = await perform(context, listIdentitiesOperation, { params }, visit.operator);
    show(context, visit, 'console-user', {
      id: document.id,
      name: personName(document),
      isDisabled: document.disabled_at !== null,
      createdAt: new Date(document.created_at),
      updatedAt: new Date(document.updated_at),
      passwordChangedAt: dateOf(document.password_changed_at),
      hasPassword: document.has_password,
      form: formOf(visit, document, valuesOf(document), LABELS),
      factors: await findFactors(context.db.knex, document.id),
      identities: identities.document.identities.map(({ id, provider, label }) => ({
        id,
        provider,
        label: label ?? '',
      })),
      sessions: await sessionsOf(context, visit),
      consents: await consentsOf(context, visit),
      roles: await heldRoles(context, visit, 'user'),
      equivalent: {
        command: command(`users update ${document.id}`, ['--name', personName(document)]),
      },
      mayWrite: can(visit.operator, 'admin:users:write'),
      mayEndSessions: can(visit.operator, 'admin:sessions:write'),
      mayWithdraw: can(visit.operator, 'admin:grants:write'),
    });
  },
  actions: { save: { run: save }, ...heldRoleActions('user'), ...userActions },
};

async function save(context: ConsoleContext, visit: Visit): Promise<Done> {
  const { id, fields, operator } = visit;
  const claims = CLAIMS.filter((claim) => Object.hasOwn(fields, claim));
  const body = {
    email: filled(fields['email']) ?? null,
    username: filled(fields['username']) ?? null,
    email_verified: fields['email_verified'] === 'on',
    profile: Object.fromEntries(claims.map((claim) => [claim, filled(fields[claim]) ?? null])),
  };
  const params = { user_id: id };
  const { document: before } = await perform(context, showUserOperation, { params }, operator);
  const asked = { params, body, ...seen(visit) };
  const { document } = await perform(context, updateUserOperation, asked, operator);
  const line = commandFor(before, document);
  return { to: `/users/${id}`, notice: { message: 'Saved.', command: line } };
}

/** What differs; without any difference, the line for the name. */
function commandFor(before: UserDocument, after: UserDocument): string {
  const [was, is] = [valuesOf(before), valuesOf(after)];
  const names = (['email', 'username', ...CLAIMS] as const).filter((name) => was[name] !== is[name]);
  const words = [
    ...names.map((name) =>
      is[name] === ''
        ? (['--unset', name] as const)
        : ([`--${name.replaceAll('_', '-')}`, is[name]] as const),
    ),
    ...(before.email_verified === after.email_verified
      ? []
      : [after.email_verified ? '--email-verified' : '--no-email-verified']),
  ];
  return command(
    `users update ${after.id}`,
    ...(words.length === 0 ? [['--name', personName(after)] as const] : words),
  );
}

async function sessionsOf(context: ConsoleContext, { operator, id }: Visit): Promise<Locals['sessions']> {
  if (!can(operator, 'admin:sessions:read')) return undefined;
  const query = { account_id: id, limit: SESSIONS_MAX };
  const { document } = await perform(context, listSessionsOperation, { query }, operator);
  return document.sessions.map((session) => {
    const { browser, system } = deviceOf(session.user_agent);
    return {
      id: session.id,
      device: [browser, system].filter(Boolean).join(' on ') || 'Unknown browser',
      address: session.address ?? '',
      since: new Date(session.created_at),
      lastUsedAt: new Date(session.last_used_at),
    };
  });
}

async function consentsOf(context: ConsoleContext, { operator, id }: Visit): Promise<Locals['consents']> {
  if (!can(operator, 'admin:grants:read')) return undefined;
  const params = { user_id: id };
  const { document } = await perform(context, listConsentsOperation, { params }, operator);
  return document.consents.map((consent) => ({
    clientId: consent.client_id,
    name: displayName(consent.client_name ?? '') || consent.client_id,
    scopes: [...consent.scopes, ...Object.values(consent.resources).flat()],
    since: new Date(consent.since),
  }));
}

function valuesOf(document: UserDocument): Record<keyof typeof LABELS, string> {
  const { profile } = document;
  return {
    email: document.email ?? '',
    email_verified: document.email_verified ? 'on' : '',
    username: document.username ?? '',
    name: profile.name ?? '',
    given_name: profile.given_name ?? '',
    family_name: profile.family_name ?? '',
    phone_number: profile.phone_number ?? '',
    locale: profile.locale ?? '',
    zoneinfo: profile.zoneinfo ?? '',
  };
}

function dateOf(instant: string | null): Date | undefined {
  return instant === null ? undefined : new Date(instant);
}
