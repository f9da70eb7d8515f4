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
};
