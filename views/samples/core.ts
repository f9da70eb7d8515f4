import type { ClientCard, CorePages, Person } from '../locals/core.ts';
import type { SamplesOf } from './samples.ts';

/** The client of every page on which one asks. */
export const sampleClient: ClientCard = {
  name: 'Atelier Notes',
  unverified: false,
  logo: undefined,
  accent: undefined,
  homeUri: 'https://notes.example/about',
  policyUri: 'https://notes.example/privacy',
  tosUri: 'https://notes.example/terms',
};

const unverified: ClientCard = {
  name: 'Weekend Budget',
  unverified: true,
  logo: undefined,
  accent: undefined,
  homeUri: undefined,
  policyUri: undefined,
  tosUri: undefined,
};

const person: Person = { name: 'Inès Moreau', identifier: 'ines.moreau@example.org', initial: 'I' };
const plainPerson: Person = { name: 'ines', identifier: 'ines', initial: 'I' };

const signIn: CorePages['sign-in'] = {
  uid: 'uid1',
  csrf: 'csrf-token',
  client: sampleClient,
  person: undefined,
  otherPerson: undefined,
  identifier: '',
  remember: false,
  problems: [],
  destination: 'notes.example',
  offers: {
    passkeyOptions: undefined,
    upstreams: [],
    connecting: undefined,
    mayRegister: true,
    mayReset: true,
  },
};

const consent: CorePages['consent'] = {
  uid: 'uid1',
  csrf: 'csrf-token',
  client: sampleClient,
  person,
  scopes: ['profile', 'email'],
  apis: [],
  offlineSeconds: undefined,
  sessionSeconds: 14 * 24 * 3600,
  isMore: false,
  isRemembered: true,
  destination: 'notes.example',
  stale: false,
};

const deviceCode: CorePages['device-code'] = {
  action: '/device',
  xsrf: 'xsrf-token',
  problem: undefined,
  userCode: '',
};

const signOut: CorePages['sign-out'] = {
  action: '/session/end/confirm',
  xsrf: 'xsrf-token',
  client: sampleClient.name,
  person,
  destination: 'notes.example',
};

const failure: CorePages['error'] = {
  kind: 'request',
  code: 'invalid_redirect_uri',
  description: "redirect_uri did not match any of the client's registered redirect_uris",
  requestId: 'req_4fT9ZbYkPqW1xv7cJm2sAd',
};

export const coreSamples: SamplesOf<CorePages> = {
  'sign-in': {
    first: signIn,
    providers: {
      ...signIn,
      offers: {
        ...signIn.offers,
        upstreams: [
          { slug: 'contoso', name: 'Contoso' },
          { slug: 'school', name: 'School' },
        ],
      },
    },
    connecting: {
      ...signIn,
      offers: {
        ...signIn.offers,
        connecting: { provider: 'Contoso', label: 'ines@contoso.example', collides: false },
      },
    },
    colliding: {
      ...signIn,
      offers: {
        ...signIn.offers,
        connecting: { provider: 'Contoso', label: 'ines.moreau@example.org', collides: true },
      },
    },
    upstreamAway: { ...signIn, problems: [{ kind: 'upstream', reason: 'away', name: 'Contoso' }] },
    branded: {
      ...signIn,
      client: { ...sampleClient, logo: '/assets/logo-0123456789abcdef', accent: '/assets/accent-7a1fa2.css' },
    },
    hinted: { ...signIn, identifier: 'ines.moreau@example.org' },
    rejected: { ...signIn, identifier: 'ines', remember: true, problems: [{ kind: 'rejected' }] },
    empty: { ...signIn, problems: [{ kind: 'identifierMissing' }, { kind: 'passwordMissing' }] },
    tooMany: { ...signIn, identifier: 'ines', problems: [{ kind: 'tooMany', waitSeconds: 240 }] },
    stale: { ...signIn, problems: [{ kind: 'stale' }] },
    again: { ...signIn, person },
    otherAccount: { ...signIn, otherPerson: person },
    unverified: { ...signIn, client: unverified, destination: 'budget.example' },
    device: { ...signIn, destination: undefined },
    passkey: { ...signIn, offers: { ...signIn.offers, passkeyOptions: '{"challenge":"AAAA"}' } },
    passkeyRejected: { ...signIn, problems: [{ kind: 'passkeyRejected' }] },
    passkeyUnverified: { ...signIn, problems: [{ kind: 'passkeyUnverified' }] },
    factorFailed: { ...signIn, identifier: 'ines', problems: [{ kind: 'factorFailed' }] },
    noMail: { ...signIn, offers: { ...signIn.offers, mayRegister: false, mayReset: false } },
  },
  'choose-account': {
    first: { uid: 'uid1', csrf: 'csrf-token', client: sampleClient, person, destination: 'notes.example' },
    unverified: {
      uid: 'uid1',
      csrf: 'csrf-token',
      client: unverified,
      person: plainPerson,
      destination: undefined,
    },
  },
  consent: {
    personal: consent,
    everything: {
      ...consent,
      scopes: ['openid', 'profile', 'email', 'address', 'phone', 'membership'],
      apis: [
        {
          name: 'Invoices',
          scopes: [
            { name: 'invoices:read', description: 'Read your invoices' },
            { name: 'invoices:pay', description: 'Pay an invoice for you' },
            { name: 'invoices:x', description: '' },
          ],
        },
        { name: 'Archive', scopes: [] },
      ],
      offlineSeconds: 30 * 24 * 3600,
    },
    more: { ...consent, scopes: ['email'], isMore: true },
    nothingNew: { ...consent, scopes: [], person: plainPerson },
    unverified: { ...consent, client: unverified, isRemembered: false, destination: 'budget.example:8443' },
    device: {
      ...consent,
      isRemembered: false,
      destination: undefined,
      client: { ...unverified, unverified: false },
    },
    stale: { ...consent, stale: true },
  },
  'device-code': {
    first: deviceCode,
    missing: { ...deviceCode, problem: 'missing' },
    unknown: { ...deviceCode, problem: 'unknown', userCode: 'BDFG-HJKL' },
    expired: { ...deviceCode, problem: 'expired', userCode: 'BDFG-HJKL' },
    used: { ...deviceCode, problem: 'used', userCode: 'BDFG-HJKL' },
    aborted: { ...deviceCode, problem: 'aborted' },
    failed: { ...deviceCode, problem: 'failed' },
  },
  'device-confirm': {
    first: { action: '/device', xsrf: 'xsrf-token', client: 'Living-room TV', userCode: 'BDFG-HJKL' },
  },
  'device-done': { first: { client: 'Living-room TV' }, unnamed: { client: '' } },
  'sign-out': {
    byClient: signOut,
    plain: { ...signOut, client: undefined, destination: undefined },
  },
  'signed-out': { everywhere: { client: undefined }, oneClient: { client: sampleClient.name } },
  expired: { first: undefined },
  error: {
    request: failure,
    unknownCode: { ...failure, code: 'something_new', description: undefined },
    prototype: { ...failure, code: 'constructor' },
    server: { kind: 'server', code: 'server_error', description: undefined, requestId: failure.requestId },
    away: { kind: 'away', code: 'unavailable', description: undefined, requestId: failure.requestId },
    missing: { kind: 'missing', code: 'not_found', description: undefined, requestId: failure.requestId },
    denied: { kind: 'denied', code: 'csrf_failed', description: undefined, requestId: failure.requestId },
    slow: { kind: 'slow', code: 'too_many_requests', description: undefined, requestId: undefined },
  },
  front: {
    production: { commands: undefined, hasOutbox: false },
    development: {
      hasOutbox: true,
      commands: {
        api: 'npm run --silent guichet -- \\\n  apis create --name Example \\\n  --audience https://api.example',
        client:
          'npm run --silent guichet -- \\\n  clients create --name Demo \\\n  --default-api https://api.example',
        token:
          'curl -u CLIENT_ID:CLIENT_SECRET \\\n  -d grant_type=client_credentials \\\n  http://localhost:3000/token',
      },
    },
  },
};
