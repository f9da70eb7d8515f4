import type { ConsolePages, ConsoleFrame } from '../locals/console.ts';
import type { ConsoleApplicationPages } from '../locals/console-applications.ts';
import { lately, sampleConsole, sampleHeldRoles, since } from './console-frame.ts';
import type { SamplesOf } from './samples.ts';

const search = { action: '/console/clients', text: '', label: 'Name or client_id' };
const pager = { first: undefined, next: undefined };

const clients: ConsolePages['console-clients'] = {
  frame: sampleConsole('Clients'),
  search,
  pager: { first: '/console/clients', next: '/console/clients?after=cli_3' },
  clients: [
    {
      id: 'cli_01k9x4w3v2',
      name: 'Atelier Notes',
      what: 'Web app',
      apis: ['https://api.example.com/orders', 'https://api.example.com/invoices'],
      isDisabled: false,
      isUnverified: false,
      createdAt: since,
    },
    {
      id: 'cli_01k9x4w3v3',
      name: 'Nightly',
      what: 'Machine',
      apis: ['https://api.example.com/orders'],
      isDisabled: true,
      isUnverified: false,
      createdAt: since,
    },
    {
      id: 'mcp-inspector',
      name: 'MCP Inspector',
      what: 'Native app',
      apis: [],
      isDisabled: false,
      isUnverified: true,
      createdAt: lately,
    },
  ],
  mayWrite: true,
};

const newClient: ConsolePages['console-new-client'] = {
  frame: sampleConsole('Clients'),
  choice: undefined,
  values: {},
  audiences: ['https://api.example.com/orders'],
  equivalent: {
    command: 'guichet clients create --kind web --name NAME --redirect-uri https://app.example.com/callback',
    configuration: 'clients:\n  - kind: web\n    client_name: NAME',
  },
};

const client: ConsolePages['console-client'] = {
  frame: sampleConsole('Clients'),
  id: 'cli_01k9x4w3v2',
  name: 'Atelier Notes',
  what: 'Web app',
  isDisabled: false,
  isUnverified: false,
  createdAt: since,
  updatedAt: lately,
  takesRedirects: true,
  hasSecrets: true,
  form: {
    values: {
      client_name: 'Atelier Notes',
      redirect_uris: 'https://notes.example/callback\nhttps://staging.notes.example/callback',
      requirement: 'mfa',
      first_party: 'on',
    },
    etag: '"bWFkZSBmcm9tIHRoaXM"',
    differences: [],
  },
  access: [
    {
      audience: 'https://api.example.com/orders',
      apiName: 'Orders',
      scopes: [
        { name: 'orders:read', description: 'Read your orders', isGiven: true },
        { name: 'orders:write', description: 'Change your orders', isGiven: false },
        { name: 'orders:cancel', description: '', isGiven: false },
      ],
    },
    { audience: 'https://api.example.com/invoices', apiName: 'Invoices', scopes: [] },
  ],
  audiences: ['https://api.example.com/orders', 'https://api.example.com/invoices'],
  roles: undefined,
  secrets: [
    { hint: 'gcs_Vd8k', createdAt: since, expiresAt: lately, lastUsedAt: undefined },
    { hint: 'gcs_p0Qz', createdAt: lately, expiresAt: undefined, lastUsedAt: undefined },
  ],
  snippets: [
    {
      title: 'Environment',
      text: 'OIDC_ISSUER=https://login.example.org\nCLIENT_ID=cli_01k9x4w3v2\nCLIENT_SECRET=…',
    },
  ],
  equivalent: newClient.equivalent,
  mayWrite: true,
};

const apis: ConsolePages['console-apis'] = {
  frame: sampleConsole('APIs'),
  search: { action: '/console/apis', text: '', label: 'Name or audience' },
  pager,
  apis: [
    {
      id: 'api_01k9x4w3v2',
      name: 'Orders',
      audience: 'https://api.example.com/orders',
      scopeCount: 3,
      isDisabled: false,
      isBuiltIn: false,
      ttlSeconds: 3600,
    },
    {
      id: 'guichet-admin',
      name: 'Guichet admin API',
      audience: 'https://login.example.org/admin/v1',
      scopeCount: 28,
      isDisabled: false,
      isBuiltIn: true,
      ttlSeconds: 600,
    },
  ],
  mayWrite: true,
};

const algs = ['ES256', 'RS256', 'EdDSA'];

const newApi: ConsolePages['console-new-api'] = {
  frame: sampleConsole('APIs'),
  values: { token_ttl_seconds: '3600' },
  algs,
  equivalent: { command: 'guichet apis create --audience https://api.example.com/orders --name Orders' },
};

const api: ConsolePages['console-api'] = {
  frame: sampleConsole('APIs'),
  id: 'api_01k9x4w3v2',
  name: 'Orders',
  audience: 'https://api.example.com/orders',
  isDisabled: false,
  isBuiltIn: false,
  createdAt: since,
  updatedAt: lately,
  form: {
    values: {
      name: 'Orders',
      scopes: 'orders:read Read your orders\norders:write Change your orders',
      token_ttl_seconds: '3600',
      signing_alg: 'ES256',
      requirement: 'any',
      enforces_roles: 'on',
    },
    etag: '"bWFkZSBmcm9tIHRoaXM"',
    differences: [],
  },
  algs,
  scopes: [
    { name: 'orders:read', description: 'Read your orders' },
    { name: 'orders:write', description: 'Change your orders' },
  ],
  clients: [
    { id: 'cli_01k9x4w3v2', name: 'Atelier Notes', scopes: ['orders:read', 'orders:write'] },
    { id: 'cli_01k9x4w3v3', name: 'Nightly', scopes: [] },
  ],
  snippets: [
    {
      title: 'In Express',
      text: "app.get('/', expressAuth(verifier, { scopes: ['orders:read'] }), handler);",
    },
  ],
  equivalent: newApi.equivalent,
  mayWrite: true,
};

const changed: ConsoleFrame['refusal'] = {
  message: 'It was changed since you read it. Read it again and repeat your change.',
  code: 'precondition_failed',
};

export const consoleApplicationSamples: SamplesOf<ConsoleApplicationPages> = {
  'console-clients': {
    some: clients,
    none: { ...clients, clients: [], pager },
    'nothing-found': { ...clients, clients: [], pager, search: { ...search, text: 'nightly' } },
    auditor: { ...clients, mayWrite: false },
    deleted: {
      ...clients,
      frame: {
        ...sampleConsole('Clients'),
        notice: {
          message: 'The client cli_9 is deleted, and no access token of it was alive.',
          command: 'guichet clients delete cli_9',
        },
      },
    },
  },
  'console-new-client': {
    kinds: newClient,
    web: { ...newClient, choice: { kind: 'web' } },
    machine: { ...newClient, choice: { kind: 'machine' } },
    api: { ...newClient, choice: { kind: 'api' } },
    refused: {
      ...newClient,
      choice: { kind: 'mcp' },
      values: { client_name: 'Inspector', redirect_uris: 'http://example.com/*' },
      frame: {
        ...sampleConsole('Clients'),
        refusal: { message: 'A redirect URI is https, without a wildcard.', code: 'invalid_redirect_uri' },
      },
    },
  },
  'console-client': {
    web: client,
    made: {
      ...client,
      frame: {
        ...sampleConsole('Clients'),
        notice: {
          message: 'The client is registered. Its id is cli_01k9x4w3v2.',
          ...newClient.equivalent,
          secret: {
            label: 'Its secret. Only a digest of it is kept, so it is shown this once:',
            value: 'gcs_Vd8kQm1r2Yx0Zt7Lw9Ab3Cd5Ef7Gh9Ij1Kl3Mn5Op7Q',
          },
        },
      },
    },
    changed: {
      ...client,
      frame: { ...sampleConsole('Clients'), refusal: changed },
      form: {
        ...client.form,
        differences: [{ field: 'Name', yours: 'Atelier Notes 2', stored: 'Atelier Notes (staging)' }],
      },
    },
    machine: {
      ...client,
      roles: sampleHeldRoles('/console/clients/cli_01k9x4w3v2'),
      what: 'Machine',
      takesRedirects: false,
      isDisabled: true,
      access: [],
    },
    auditor: { ...client, mayWrite: false, hasSecrets: false, isUnverified: true },
  },
  'console-apis': { some: apis, none: { ...apis, apis: [] } },
  'console-new-api': { empty: newApi },
  'console-api': {
    orders: api,
    disabled: { ...api, isDisabled: true },
    'built-in': { ...api, isBuiltIn: true, mayWrite: false, clients: [] },
  },
};
