import type { ConsolePages } from '../../views/locals/console.ts';
import { perform } from '../admin/perform.ts';
import { listUsersOperation } from '../admin/users.ts';
import type { UserDocument } from '../documents/user.ts';
import { displayName } from '../interactions/present.ts';
import type { Screen } from './context.ts';
import { listOf } from './list.ts';
import { can } from './operator.ts';
import { show } from './show.ts';

type Row = ConsolePages['console-users']['users'][number];

export const users: Screen = {
  path: '/users',
  scope: 'admin:users:read',
  entry: { group: 'People', label: 'Users' },
  async get(context, visit) {
    const list = listOf(visit, 'E-mail address or username');
    const { document } = await perform(context, listUsersOperation, { query: list.query }, visit.operator);
    show(context, visit, 'console-users', {
      search: list.search,
      pager: list.pager(document.next),
      users: document.users.map(rowOf),
      mayWrite: can(visit.operator, 'admin:users:write'),
    });
  },
};

function rowOf(user: UserDocument): Row {
  return {
    id: user.id,
    name: personName(user),
    identifier: user.email ?? user.username ?? user.id,
    isVerified: user.email_verified,
    isDisabled: user.disabled_at !== null,
    createdAt: new Date(user.created_at),
  };
}

export function personName({ id, email, username, profile }: UserDocument): string {
  const whole = profile.name ?? [profile.given_name, profile.family_name].filter(Boolean).join(' ');
  return displayName(whole) || (email ?? username ?? id);
}
