import type { ConsoleAccessPages } from '../locals/console-access.ts';
import { lately, sampleConsole, since } from './console-frame.ts';
import type { SamplesOf } from './samples.ts';

const pager = { first: undefined, next: undefined };
const audiences = ['https://api.example.com/orders', 'https://login.example.org/admin/v1'];
const person = { label: 'ines.moreau@example.org', path: '/console/users/usr_3hGd9sLkQw7eRtYuIoPaZx' };

const roles: ConsoleAccessPages['console-roles'] = {
  frame: sampleConsole('Roles'),
  api: '',
  audiences,
  roles: [
    {
      id: 'rol_1',
      name: 'clerk',
      audience: 'https://api.example.com/orders',
      description: 'Takes orders at the counter',
      scopes: ['orders:read', 'orders:write'],
      isBuiltIn: false,
    },
    {
      id: 'rol_2',
      name: 'auditor',
      audience: 'https://login.example.org/admin/v1',
      description: 'Sees everything, changes nothing',
      scopes: ['apis', 'audit', 'blocks', 'clients', 'grants', 'keys', 'policies', 'roles'].map(
        (noun) => `admin:${noun}:read`,
      ),
      isBuiltIn: true,
    },
    {
      id: 'rol_3',
      name: 'guest',
      audience: 'https://api.example.com/orders',
      description: '',
      scopes: [],
      isBuiltIn: false,
    },
  ],
  pager: { first: undefined, next: '/console/roles?after=rol_3' },
  mayWrite: true,
};

const scopes = [
  { name: 'orders:read', description: 'See your orders', isCarried: true },
  { name: 'orders:write', description: 'Change your orders', isCarried: false },
];

const newRole: ConsoleAccessPages['console-new-role'] = {
  frame: sampleConsole('Roles'),
  audience: 'https://api.example.com/orders',
  audiences,
  values: { name: '', description: '' },
  scopes,
  equivalent: {
    command: 'guichet roles create clerk --api https://api.example.com/orders --scope orders:read',
    configuration:
      'roles:\n  - api: https://api.example.com/orders\n    name: clerk\n    scopes:\n      - orders:read',
  },
};

const role: ConsoleAccessPages['console-role'] = {
  frame: sampleConsole('Roles'),
  id: 'rol_1',
  name: 'clerk',
  audience: 'https://api.example.com/orders',
  apiId: 'api_1',
  isEnforced: true,
  isBuiltIn: false,
  description: 'Takes orders at the counter',
  createdAt: since,
  form: {
    values: { name: 'clerk', description: 'Takes orders at the counter', scopes: 'orders:read' },
    etag: '"bWFkZSBmcm9tIHRoaXM"',
    differences: [],
  },
  scopes,
  holders: [
    {
      id: 'usr_1',
      isClient: false,
      party: person,
      source: 'operator',
      givenAt: lately,
      givenBy: { label: 'the command line', path: undefined },
    },
    {
      id: 'cli_1',
      isClient: true,
      party: { label: 'Nightly', path: '/console/clients/cli_1' },
      source: 'operator',
      givenAt: since,
      givenBy: person,
    },
    {
      id: 'usr_2',
      isClient: false,
      party: { label: 'ada@example.org', path: '/console/users/usr_2' },
      source: 'identity-provider:idp_6fT0bQ2mZxKcV8rWn4YpLs',
      givenAt: since,
      givenBy: { label: 'the server', path: undefined },
    },
  ],
  who: '',
  pager: { first: undefined, next: '/console/roles/rol_1?after=asg_1' },
  equivalent: newRole.equivalent,
  mayWrite: true,
};

const provider: ConsoleAccessPages['console-identity-provider'] = {
  frame: sampleConsole('Identity providers'),
  id: 'idp_1',
  name: 'Contoso',
  slug: 'contoso',
  kind: 'OpenID Connect',
  isDisabled: false,
  people: 214,
  createdAt: since,
  updatedAt: lately,
  addresses: [
    { label: 'Redirect URI', value: 'https://login.example.org/upstream/contoso/callback' },
    { label: 'Back-channel logout', value: 'https://login.example.org/upstream/contoso/backchannel-logout' },
  ],
  settings: [{ label: 'Secret', value: 'kept sealed, never shown' }],
  groups: [
    {
      group: 'CN=Sales,OU=Groups,DC=contoso,DC=example',
      roleId: 'rol_1',
      role: 'clerk',
      audience: 'https://api.example.com/orders',
    },
  ],
  roles: [{ id: 'rol_1', label: 'clerk (https://api.example.com/orders)' }],
  values: { group: '', role: '' },
  form: {
    values: {
      name: 'Contoso',
      issuer: 'https://login.contoso.example/9f1c2d3e-4a5b-6c7d-8e9f-0a1b2c3d4e5f/v2.0',
      auth_method: 'client_secret_post',
      domains: 'contoso.example contoso.test',
      has_button: 'on',
      mapping: 'email=mail\nname=display_name',
    },
    etag: '"bWFkZSBmcm9tIHRoaXM"',
    differences: [],
  },
  fields: [
    { name: 'name', control: 'text', label: 'Name', hint: 'On its button, and in sentences.' },
    { name: 'issuer', control: 'text', label: 'Issuer', hint: 'Exactly as in its discovery document.' },
    {
      name: 'auth_method',
      control: 'choice',
      label: 'How this server authenticates there',
      choices: [
        ['client_secret_basic', 'client_secret_basic'],
        ['client_secret_post', 'client_secret_post'],
      ],
    },
    { name: 'domains', control: 'words', label: 'E-mail domains', hint: 'Several with spaces between.' },
    { name: 'has_button', control: 'switch', label: 'A button on the sign-in page' },
    { name: 'mapping', control: 'lines', label: 'Claims', hint: 'One a line.', isFurther: true },
  ],
  secret: { name: 'client_secret', label: 'Another client secret', hint: 'It is kept sealed.' },
  equivalent: { command: 'guichet identity-providers update contoso --name Contoso' },
  mayWrite: true,
};

const providers: ConsoleAccessPages['console-identity-providers'] = {
  frame: sampleConsole('Identity providers'),
  providers: [
    {
      id: 'idp_1',
      name: 'Contoso',
      slug: 'contoso',
      kind: 'OpenID Connect',
      domains: ['contoso.example'],
      isDisabled: false,
    },
    { id: 'idp_2', name: 'Fabrikam', slug: 'fabrikam', kind: 'SAML 2.0', domains: [], isDisabled: true },
  ],
  mayWrite: true,
};

const newProvider: ConsoleAccessPages['console-new-identity-provider'] = {
  frame: sampleConsole('Identity providers'),
  values: { auth_method: 'client_secret_basic', provisioning: 'create', has_button: 'on' },
  authMethods: ['client_secret_basic', 'client_secret_post', 'none'],
  saml: 'guichet identity-providers create saml --name Contoso --metadata https://login.contoso.example/metadata',
  ldap: "guichet identity-providers create ldap --name Contoso --url ldaps://ldap.contoso.example --base 'dc=contoso,dc=example'",
  equivalent: { command: 'guichet identity-providers create oidc --name Contoso < secret.txt' },
};

export const consoleAccessSamples: SamplesOf<ConsoleAccessPages> = {
  'console-roles': { some: roles, none: { ...roles, api: audiences[0] ?? '', roles: [], pager } },
  'console-new-role': {
    which: { ...newRole, audience: undefined, scopes: [] },
    orders: newRole,
  },
  'console-role': {
    clerk: role,
    'built-in': { ...role, isBuiltIn: true, holders: [], pager },
    auditor: { ...role, mayWrite: false, isEnforced: false },
    unknown: {
      ...role,
      frame: {
        ...sampleConsole('Roles'),
        refusal: { message: 'There is nobody with this e-mail address.', code: 'invalid_request' },
      },
    },
  },
  'console-identity-providers': { some: providers, none: { ...providers, providers: [] } },
  'console-identity-provider': {
    contoso: provider,
    changed: {
      ...provider,
      frame: {
        ...sampleConsole('Identity providers'),
        refusal: { message: 'It was changed since it was read.', code: 'precondition_failed' },
      },
      form: {
        ...provider.form,
        differences: [{ field: 'Name', yours: 'Contoso EU', stored: 'Contoso (old)' }],
      },
    },
    auditor: {
      ...provider,
      settings: [
        { label: 'Issuer', value: 'https://login.contoso.example/v2.0' },
        { label: 'client_id', value: 'guichet' },
      ],
      isDisabled: true,
      addresses: [],
      groups: [],
      mayWrite: false,
    },
  },
  'console-new-identity-provider': {
    empty: newProvider,
    refused: {
      ...newProvider,
      frame: {
        ...sampleConsole('Identity providers'),
        refusal: {
          message: 'Its discovery document names another issuer.',
          code: 'invalid_identity_provider',
        },
      },
    },
  },
};
