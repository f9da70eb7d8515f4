import { withdrawConsentOperation } from '../admin/grants.ts';
import { perform } from '../admin/perform.ts';
import { endSessionOperation, signOutUserOperation } from '../admin/sessions.ts';
import {
  disconnectIdentityOperation,
  resetFactorsOperation,
  sendPasswordResetOperation,
} from '../admin/user-credentials.ts';
import { deleteUserOperation, disableUserOperation, enableUserOperation } from '../admin/users.ts';
import { httpError } from '../http/errors.ts';
import type { Action, ConsoleContext, Done, Visit } from './context.ts';
import { command } from './equivalents.ts';
import { seen } from './form.ts';
import { count } from '../words.ts';
import { endedInWords } from './words.ts';

/** What can be done to a person's account beside changing it. What only ends something asks for no new sign-in: it protects. */
export const userActions: Readonly<Record<string, Action>> = {
  'send-reset': { run: sendReset },
  'sign-out': { run: signOut },
  'end-session': { run: endSession },
  withdraw: { run: withdraw },
  disconnect: { run: disconnect, fresh: true },
  'reset-factors': { run: resetFactors, fresh: true },
  disable: { run: disable },
  enable: { run: enable },
  delete: { run: remove, fresh: true },
};

async function sendReset(context: ConsoleContext, { id, operator }: Visit): Promise<Done> {
  const { document } = await perform(context, sendPasswordResetOperation, asked(id), operator);
  return said(
    id,
    `${document.recipient} gets a link with which a password is chosen.`,
    `users send-reset ${id}`,
  );
}

async function signOut(context: ConsoleContext, { id, operator }: Visit): Promise<Done> {
  const { document } = await perform(context, signOutUserOperation, asked(id), operator);
  const { sessions_ended: sessions, tokens_revoked: tokens } = document;
  const message = `${count(sessions, 'session')} ended, with ${count(tokens, 'access token')}.`;
  return said(id, message, `users sign-out ${id}`);
}

async function endSession(context: ConsoleContext, { id, fields, operator }: Visit): Promise<Done> {
  const session = fields['session'] ?? '';
  const params = { session_id: session };
  const { document } = await perform(context, endSessionOperation, { params }, operator);
  return said(id, `The session is over, ${endedInWords(document)}`, `sessions end ${session}`);
}

async function withdraw(context: ConsoleContext, { id, fields, operator }: Visit): Promise<Done> {
  const client = fields['client'] ?? '';
  const params = { user_id: id, client_id: client };
  const { document } = await perform(context, withdrawConsentOperation, { params }, operator);
  const message = `The client holds nothing of this person any more, ${endedInWords(document)}`;
  return said(id, message, `users withdraw ${id} ${client}`);
}

async function disconnect(context: ConsoleContext, { id, fields, operator }: Visit): Promise<Done> {
  const identity = fields['identity'] ?? '';
  const params = { user_id: id, identity_id: identity };
  const { document } = await perform(context, disconnectIdentityOperation, { params }, operator);
  const message = `The identity is disconnected, ${endedInWords(document)}`;
  return said(id, message, `users disconnect ${id} ${identity}`);
}

async function resetFactors(context: ConsoleContext, { id, fields, operator }: Visit): Promise<Done> {
  if (fields['confirmation'] !== 'on') {
    throw httpError('invalid_request', 'To reset the second factors, say that they are to be set up anew.');
  }
  const { document } = await perform(context, resetFactorsOperation, asked(id), operator);
  const message = document.had_factors
    ? `Passkeys, codes and recovery codes are gone, ${endedInWords(document)}`
    : 'There was no second factor.';
  return said(id, message, `users reset-factors ${id}`);
}

async function disable(context: ConsoleContext, { id, operator }: Visit): Promise<Done> {
  if (operator.actor === `account:${id}`) {
    throw httpError('invalid_request', 'This is you: somebody else has to disable you.');
  }
  const { document } = await perform(context, disableUserOperation, asked(id), operator);
  return said(id, `The person is signed out everywhere, ${endedInWords(document)}`, `users disable ${id}`);
}

async function enable(context: ConsoleContext, { id, operator }: Visit): Promise<Done> {
  await perform(context, enableUserOperation, asked(id), operator);
  return said(id, 'The person may sign in again.', `users enable ${id}`);
}

async function remove(context: ConsoleContext, visit: Visit): Promise<Done> {
  const { id, fields, operator } = visit;
  if (fields['confirmation'] !== id) {
    throw httpError('invalid_request', 'To delete the account, type its id.');
  }
  const { document } = await perform(
    context,
    deleteUserOperation,
    { ...asked(id), ...seen(visit) },
    operator,
  );
  const message = `The account ${id} is deleted, ${endedInWords(document)}`;
  return { to: '/users', notice: { message, command: command(`users delete ${id}`) } };
}

function asked(id: string) {
  return { params: { user_id: id } };
}

function said(id: string, message: string, line: string): Done {
  return { to: `/users/${id}`, notice: { message, command: command(line) } };
}
