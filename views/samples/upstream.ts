import type { UpstreamPages } from '../locals/upstream.ts';
import { sampleFrame } from './account.ts';
import { sampleClient } from './core.ts';
import type { SamplesOf } from './samples.ts';

const connect: UpstreamPages['upstream-connect'] = {
  uid: 'uid1',
  csrf: 'csrf-token',
  client: sampleClient,
  destination: 'notes.example',
  person: { name: 'Inès Moreau', identifier: 'ines.moreau@example.org', initial: 'I' },
  provider: 'Contoso',
  label: 'ines@contoso.example',
};

const identities: UpstreamPages['account-identities'] = {
  frame: sampleFrame('identities'),
  identities: [
    {
      id: 'idn_1',
      provider: 'Contoso',
      label: 'ines@contoso.example',
      linkedAt: new Date('2031-03-02T18:04:00Z'),
      lastUsedAt: new Date('2031-05-06T07:20:00Z'),
      isDisabled: false,
    },
    {
      id: 'idn_2',
      provider: 'Old directory',
      label: undefined,
      linkedAt: new Date('2030-03-02T18:04:00Z'),
      lastUsedAt: undefined,
      isDisabled: true,
    },
  ],
  offers: [{ slug: 'school', name: 'School' }],
  waiting: undefined,
  problem: undefined,
};

export const upstreamSamples: SamplesOf<UpstreamPages> = {
  'upstream-passing': {
    there: { provider: 'Contoso', url: 'https://login.contoso.example/authorize?client_id=a&state=b' },
    back: { provider: undefined, url: '/account/identities' },
  },
  'upstream-connect': { known: connect, unnamed: { ...connect, label: undefined } },
  'account-identities': {
    some: identities,
    none: { ...identities, identities: [] },
    waiting: { ...identities, waiting: { provider: 'School', label: 'ines' } },
    connected: { ...identities, frame: { ...identities.frame, notice: { kind: 'identityConnected' } } },
    lastWayIn: { ...identities, problem: { reason: 'lastWayIn', name: 'Contoso' } },
    refused: { ...identities, problem: { reason: 'refused', name: 'School' } },
  },
};
