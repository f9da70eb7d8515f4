import type { AccountFrame, AccountPageName, AccountPages } from '../locals/account.ts';
import type { SamplesOf } from './samples.ts';

const PAGES = [
  'overview',
  'profile',
  'email',
  'password',
  'security',
  'identities',
  'apps',
  'sessions',
  'activity',
  'data',
] as const satisfies readonly AccountPageName[];

/** For the samples of whatever stands in the frame of the account pages. */
export function sampleFrame(current: AccountPageName): AccountFrame {
  return {
    current: { kind: current },
    pages: PAGES.map((kind) => ({ kind })),
    csrf: 'csrf-token',
    person: { name: 'Inès Moreau', identifier: 'ines.moreau@example.org', initial: 'I' },
  };
}

const overview: AccountPages['account-overview'] = {
  frame: sampleFrame('overview'),
  email: 'ines.moreau@example.org',
  emailVerified: true,
  username: undefined,
};

export const accountSamples: SamplesOf<AccountPages> = {
  'account-overview': {
    first: overview,
    unverified: { ...overview, emailVerified: false, username: 'ines' },
  },
  'account-stopped': { first: { page: { kind: 'overview' } } },
};
