import type { ConsolePages } from '../../views/locals/console.ts';
import { listClientsOperation } from '../admin/clients.ts';
import { perform } from '../admin/perform.ts';
import type { ClientDocument } from '../documents/client.ts';
import { displayName } from '../interactions/present.ts';
import type { Screen } from './context.ts';
import { listOf } from './list.ts';
import { can } from './operator.ts';
import { show } from './show.ts';

type Row = ConsolePages['console-clients']['clients'][number];

export const clients: Screen = {
  path: '/clients',
  scope: 'admin:clients:read',
  entry: { group: 'Applications', label: 'Clients' },
  async get(context, visit) {
    const list = listOf(visit, 'Name or client_id');
    const { document } = await perform(context, listClientsOperation, { query: list.query }, visit.operator);
    show(context, visit, 'console-clients', {
      search: list.search,
      pager: list.pager(document.next),
      clients: document.clients.map(rowOf),
      mayWrite: can(visit.operator, 'admin:clients:write'),
    });
  },
};

function rowOf(client: ClientDocument): Row {
  return {
    id: client.client_id,
    name: nameOf(client),
    what: whatIs(client),
    apis: client.apis.map(({ audience }) => audience),
    isDisabled: client.disabled_at !== null,
    isUnverified: client.origin === 'dynamic',
    createdAt: new Date(client.created_at),
  };
}

export function nameOf(client: Pick<ClientDocument, 'client_id' | 'client_name'>): string {
  return displayName(client.client_name ?? '') || client.client_id;
}

/** What people call such an application, from its metadata. */
export function whatIs(client: Partial<ClientDocument>): string {
  const grants = new Set<string>(client.grant_types);
  if (grants.has('urn:ietf:params:oauth:grant-type:device_code')) return 'Device';
  if (grants.has('authorization_code')) {
    if (client.application_type === 'native') return 'Native app';
    return client.token_endpoint_auth_method === 'none' ? 'Single-page app' : 'Web app';
  }
  if (grants.has('client_credentials')) return 'Machine';
  return client.acts_for ? 'API credentials' : 'Other';
}
