import type { HeldRoles } from '../locals/console-access.ts';
import type { ConsoleFrame } from '../locals/console.ts';

const ENTRIES: readonly (readonly [group: string, entries: readonly (readonly [string, string])[]])[] = [
  ['Overview', [['Overview', '/console']]],
  [
    'Applications',
    [
      ['Clients', '/console/clients'],
      ['APIs', '/console/apis'],
    ],
  ],
  [
    'People',
    [
      ['Users', '/console/users'],
      ['Sessions', '/console/sessions'],
      ['Roles', '/console/roles'],
      ['Identity providers', '/console/identity-providers'],
    ],
  ],
  [
    'Tokens',
    [
      ['Access tokens', '/console/tokens'],
      ['Keys', '/console/keys'],
    ],
  ],
  [
    'Security',
    [
      ['Audit log', '/console/audit'],
      ['Explain', '/console/explain'],
      ['Blocked addresses', '/console/blocks'],
      ['Security report', '/console/report'],
    ],
  ],
  [
    'Settings',
    [
      ['Settings', '/console/settings'],
      ['Webhooks', '/console/webhooks'],
    ],
  ],
];

/** For the samples of whatever stands in the frame of the console. */
export function sampleConsole(current: string): ConsoleFrame {
  return {
    groups: ENTRIES.map(([label, entries]) => ({
      label,
      entries: entries.map(([name, path]) => ({ label: name, path, isCurrent: name === current })),
    })),
    csrf: 'csrf-token',
    person: { name: 'Inès Moreau', identifier: 'ines.moreau@example.org', initial: 'I' },
    timeZone: 'Europe/Paris',
    notice: undefined,
    refusal: undefined,
  };
}

export const since = new Date('2031-03-02T18:04:00Z');
export const lately = new Date('2031-05-06T07:20:00Z');

/** On the page that `path` leads to. */
export function sampleHeldRoles(path: string): HeldRoles {
  const audience = 'https://api.example.com/orders';
  return {
    path,
    held: [
      {
        id: 'rol_2',
        name: 'owner',
        audience: 'https://login.example.org/admin/v1',
        providerId: undefined,
        givenAt: since,
      },
      { id: 'rol_1', name: 'clerk', audience, providerId: 'idp_1', givenAt: lately },
    ],
    choices: [{ id: 'rol_3', label: `guest (${audience})` }],
    mayWrite: true,
  };
}
