import { createClientOperation } from '../admin/clients.ts';
import { perform } from '../admin/perform.ts';
import { listApis } from '../resources/store.ts';
import { httpError } from '../http/errors.ts';
import { choiceOf, newClientBody, newClientCommand } from './client-kinds.ts';
import type { ConsoleContext, Done, Screen, Visit } from './context.ts';
import { configuration, equivalent } from './equivalents.ts';
import { show } from './show.ts';

/** More than a list of suggestions is read. */
const SUGGESTIONS_MAX = 200;

export const newClient: Screen = {
  path: '/new-client',
  scope: 'admin:clients:write',
  within: '/clients',
  async get(context, visit) {
    const { fields, ctx } = visit;
    const kind = choiceOf(fields['kind'] ?? ctx.query['kind']);
    const shown = { client_name: 'NAME', redirect_uris: 'https://app.example.com/callback', ...fields };
    const body = newClientBody(
      kind ?? 'web',
      kind && takesRedirects(kind) ? shown : { ...shown, redirect_uris: '' },
    );
    show(context, visit, 'console-new-client', {
      choice: kind && { kind },
      values: fields,
      audiences: await audiencesOf(context, visit),
      equivalent: { command: newClientCommand(body), configuration: configuration('clients', body) },
    });
  },
  actions: { create: { run: create } },
};

async function create(context: ConsoleContext, { fields, operator }: Visit): Promise<Done> {
  const kind = choiceOf(fields['kind']);
  if (!kind) throw httpError('invalid_request', 'Choose what kind of application it is.');
  const body = newClientBody(kind, fields);
  const { document } = await perform(context, createClientOperation, { body }, operator);
  const { client_id: id, client_secret: secret } = document;
  return {
    to: `/clients/${id}`,
    notice: {
      message: `The client is registered. Its id is ${id}.`,
      ...equivalent(newClientCommand(body), 'clients', { client_id: id, ...body }),
      secret:
        secret === undefined
          ? undefined
          : { label: 'Its secret. Only a digest of it is kept, so it is shown this once:', value: secret },
    },
  };
}

/** For suggestions beside a field; none for whoever may not look at APIs. */
export async function audiencesOf(
  { db }: Pick<ConsoleContext, 'db'>,
  { operator }: Pick<Visit, 'operator'>,
): Promise<string[]> {
  if (!operator.scopes.has('admin:apis:read')) return [];
  return (await listApis(db.knex)).slice(0, SUGGESTIONS_MAX).map(({ audience }) => audience);
}

function takesRedirects(kind: string): boolean {
  return ['web', 'spa', 'native', 'mcp'].includes(kind);
}
