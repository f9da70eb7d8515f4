import {
  deleteClientOperation,
  disableClientOperation,
  enableClientOperation,
  showClientOperation,
  updateClientOperation,
} from '../admin/clients.ts';
import { rotateSecretOperation } from '../admin/client-parts.ts';
import { perform } from '../admin/perform.ts';
import type { ClientDocument } from '../documents/client.ts';
import { httpError } from '../http/errors.ts';
import type { Action, ConsoleContext, Done, Visit } from './context.ts';
import { configuredClient } from './client-form.ts';
import { command, equivalent } from './equivalents.ts';
import { filled, seen } from './form.ts';
import { endedInWords } from './words.ts';

/** What can be done to a client beside changing its settings. */
export const clientActions: Readonly<Record<string, Action>> = {
  access: { run: saveAccess },
  'remove-access': { run: removeAccess },
  'rotate-secret': { run: rotate, fresh: true },
  disable: { run: disable },
  enable: { run: enable },
  delete: { run: remove, fresh: true },
};

const SCOPE_FIELD = 'scope:';

/** The scopes of one API; an API that is new begins with none, for its scopes to be ticked. */
async function saveAccess(context: ConsoleContext, visit: Visit): Promise<Done> {
  const audience = audienceOf(visit);
  const scopes = Object.keys(visit.fields)
    .filter((name) => name.startsWith(SCOPE_FIELD))
    .map((name) => name.slice(SCOPE_FIELD.length));
  const apis = [...(await otherAccess(context, visit, audience)), { audience, scopes }];
  const document = await change(context, visit, apis);
  const line = command(
    `clients update ${visit.id}`,
    ['--api', audience],
    ['--scopes', scopes.length > 0 ? scopes.join(' ') : undefined],
  );
  const message =
    scopes.length > 0
      ? 'Saved.'
      : 'The client may ask for tokens of this API now. Choose which scopes they may have.';
  return {
    to: `/clients/${visit.id}`,
    notice: { message, ...equivalent(line, 'clients', configuredClient(document)) },
  };
}

async function removeAccess(context: ConsoleContext, visit: Visit): Promise<Done> {
  const audience = audienceOf(visit);
  const document = await change(context, visit, await otherAccess(context, visit, audience));
  const line = command(`clients update ${visit.id}`, ['--remove-api', audience]);
  return {
    to: `/clients/${visit.id}`,
    notice: {
      message: 'The client may ask for no more tokens of this API.',
      ...equivalent(line, 'clients', configuredClient(document)),
    },
  };
}

async function otherAccess(context: ConsoleContext, { id, operator }: Visit, audience: string) {
  const { document } = await perform(context, showClientOperation, { params: { client_id: id } }, operator);
  return document.apis.filter((api) => api.audience !== audience);
}

async function change(
  context: ConsoleContext,
  visit: Visit,
  apis: { audience: string; scopes: string[] }[],
): Promise<ClientDocument> {
  const asked = { params: { client_id: visit.id }, body: { apis }, ...seen(visit) };
  const { document } = await perform(context, updateClientOperation, asked, visit.operator);
  return document;
}

async function rotate(context: ConsoleContext, { id, fields, operator }: Visit): Promise<Done> {
  const overlap = Number(fields['overlap_hours'] ?? 24) * 3600;
  const { document } = await perform(
    context,
    rotateSecretOperation,
    { params: { client_id: id }, body: { overlap_seconds: overlap } },
    operator,
  );
  const until = document.previous_expires_at;
  return {
    to: `/clients/${id}`,
    notice: {
      message: until === null ? 'The old secret is dead.' : `The old secret works until ${until}.`,
      command: command(`clients rotate-secret ${id}`, ['--overlap', String(overlap)]),
      secret: {
        label: 'The new secret. Only a digest of it is kept, so it is shown this once:',
        value: document.client_secret,
      },
    },
  };
}

async function disable(context: ConsoleContext, { id, operator }: Visit): Promise<Done> {
  const params = { client_id: id };
  const { document } = await perform(context, disableClientOperation, { params }, operator);
  const message = `The client is disabled, ${endedInWords(document)}`;
  return { to: `/clients/${id}`, notice: { message, command: command(`clients disable ${id}`) } };
}

async function enable(context: ConsoleContext, { id, operator }: Visit): Promise<Done> {
  await perform(context, enableClientOperation, { params: { client_id: id } }, operator);
  const notice = { message: 'The client is served again.', command: command(`clients enable ${id}`) };
  return { to: `/clients/${id}`, notice };
}

async function remove(context: ConsoleContext, visit: Visit): Promise<Done> {
  const { id, fields, operator } = visit;
  if (fields['confirmation'] !== id) {
    throw httpError('invalid_request', 'To delete the client, type its client_id.');
  }
  const params = { client_id: id };
  const { document } = await perform(context, deleteClientOperation, { params, ...seen(visit) }, operator);
  const message = `The client ${id} is deleted, ${endedInWords(document)}`;
  return { to: '/clients', notice: { message, command: command(`clients delete ${id}`) } };
}

function audienceOf({ fields }: Visit): string {
  const audience = filled(fields['audience']);
  if (audience === undefined) throw httpError('invalid_request', 'Name the audience of an API.');
  return audience;
}
