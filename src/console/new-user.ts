import { perform } from '../admin/perform.ts';
import { createUserOperation, inviteUserOperation } from '../admin/users.ts';
import type { ConsoleContext, Done, Screen, Visit } from './context.ts';
import { command } from './equivalents.ts';
import { filled } from './form.ts';
import { show } from './show.ts';

export const newUser: Screen = {
  path: '/new-user',
  scope: 'admin:users:write',
  within: '/users',
  async get(context, visit) {
    show(context, visit, 'console-new-user', {
      values: visit.fields,
      equivalent: { command: command('users invite ada@example.com', ['--name', 'Ada Lovelace']) },
    });
  },
  actions: { invite: { run: invite }, create: { run: create } },
};

/** The person makes the account themselves; the link is shown as well, for those who hand it on. */
async function invite(context: ConsoleContext, { fields, operator }: Visit): Promise<Done> {
  const name = filled(fields['name']);
  const email = filled(fields['email']) ?? '';
  const body = { email, ...(name === undefined ? {} : { name }) };
  const { document } = await perform(context, inviteUserOperation, { body }, operator);
  const message = document.mailed
    ? `${document.email} gets a mail with a link, good until ${document.expires_at}.`
    : `No mail server is configured: hand the link on. It is good until ${document.expires_at}.`;
  return {
    to: '/users',
    notice: {
      message,
      command: command(`users invite ${email}`, ['--name', name]),
      secret: { label: 'A link for them, shown this once:', value: document.url },
    },
  };
}

async function create(context: ConsoleContext, { fields, operator }: Visit): Promise<Done> {
  const name = filled(fields['name']);
  const email = filled(fields['email']);
  const username = filled(fields['username']);
  const body = {
    ...(email === undefined ? {} : { email }),
    ...(username === undefined ? {} : { username }),
    ...(name === undefined ? {} : { profile: { name } }),
  };
  const { document } = await perform(context, createUserOperation, { body }, operator);
  return {
    to: `/users/${document.id}`,
    notice: {
      message: 'The account is made. It has no password yet: send a link with which one is chosen.',
      command: command('users create', ['--email', email], ['--username', username], ['--name', name]),
    },
  };
}
