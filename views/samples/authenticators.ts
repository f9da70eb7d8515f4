import type {
  AuthenticatorPages,
  PasskeySetup,
  RecoveryCodesLocals,
  StepFrame,
  TotpSetup,
} from '../locals/authenticators.ts';
import { sampleFrame } from './account.ts';
import type { SamplesOf } from './samples.ts';

const step: StepFrame = {
  uid: 'uid1',
  csrf: 'csrf-token',
  client: {
    name: 'Atelier Notes',
    unverified: false,
    logo: undefined,
    accent: undefined,
    homeUri: 'https://notes.example/about',
    policyUri: undefined,
    tosUri: undefined,
  },
  person: { name: 'Inès Moreau', identifier: 'ines.moreau@example.org', initial: 'I' },
  destination: 'notes.example',
};

const secondFactor: AuthenticatorPages['second-factor'] = {
  step,
  passkeyOptions: '{"challenge":"AAAA"}',
  takesTotp: true,
  takesRecovery: true,
  recovering: false,
  mayEnrol: false,
  rememberDays: 30,
  problem: undefined,
  waitSeconds: 0,
};

const totpOnly = { ...secondFactor, passkeyOptions: undefined };
const locked = { takesTotp: false, takesRecovery: false, waitSeconds: 80_000 };

export const passkeySetup: PasskeySetup = {
  options: '{"challenge":"AAAA","user":{"id":"AAAA","name":"ines","displayName":"Inès"}}',
  name: '',
  problem: undefined,
};

export const totpSetup: TotpSetup = {
  qr: { size: 29, path: 'M4 4h7v1h-7zM4 5h1v1h-1zM10 5h1v1h-1zM4 10h7v1h-7z' },
  secret: 'JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP',
  problem: undefined,
};

export const recoveryCodes: RecoveryCodesLocals = {
  codes: [
    'k3m9x-7tq2p',
    '4hv8n-w0rzc',
    '9pb2d-e6yjs',
    'q7fgk-31xat',
    'm5zn0-8vhwr',
    '2cxt6-pe4kd',
    'y8sja-bq9m3',
    '7rwe1-nf5gz',
    'd0kp4-ht2vx',
    'z6a9c-sm8qj',
  ],
  problem: undefined,
};

const frame = sampleFrame('security');
const since = new Date('2031-03-02T18:04:00Z');
const lately = new Date('2031-05-06T07:20:00Z');

const security: AuthenticatorPages['account-security'] = {
  frame,
  passkeys: [
    { id: 'psk_1', name: 'Téléphone', createdAt: since, lastUsedAt: lately, isSynced: true },
    { id: 'psk_2', name: 'Blue key', createdAt: since, lastUsedAt: undefined, isSynced: false },
  ],
  totp: { createdAt: since, lastUsedAt: lately },
  recoveryCodes: 7,
  devices: [
    { id: 'rdv_1', label: 'Firefox, Windows', createdAt: since, expiresAt: lately, isCurrent: true },
    { id: 'rdv_2', label: undefined, createdAt: since, expiresAt: lately, isCurrent: false },
  ],
  isRequired: false,
};

const removal: AuthenticatorPages['account-remove-factor'] = {
  frame,
  item: 'psk_2',
  name: 'Blue key',
  isLast: false,
  isRequired: false,
};

export const authenticatorSamples: SamplesOf<AuthenticatorPages> = {
  'second-factor': {
    everything: secondFactor,
    totp: totpOnly,
    passkeyAlone: { ...secondFactor, takesTotp: false, takesRecovery: false, rememberDays: 0 },
    recovering: { ...secondFactor, recovering: true },
    missing: { ...totpOnly, problem: 'codeMissing' },
    rejected: { ...totpOnly, problem: 'codeRejected' },
    recoveryRejected: { ...totpOnly, recovering: true, problem: 'codeRejected' },
    passkeyRejected: { ...secondFactor, problem: 'passkeyRejected' },
    stale: { ...totpOnly, problem: 'stale' },
    locked: { ...totpOnly, ...locked, problem: 'locked' },
    lockedWithPasskey: { ...secondFactor, ...locked, problem: 'locked' },
    newPasskey: { ...secondFactor, takesTotp: false, takesRecovery: false, mayEnrol: true },
    device: { ...totpOnly, step: { ...step, destination: undefined } },
  },
  enrol: {
    first: { step, takesTotp: true, problem: undefined },
    passkeyOnly: { step, takesTotp: false, problem: undefined },
    stale: { step, takesTotp: true, problem: 'stale' },
  },
  'enrol-passkey': {
    first: { step, ...passkeySetup },
    named: { step, ...passkeySetup, name: 'x'.repeat(61), problem: 'nameInvalid' },
    rejected: { step, ...passkeySetup, name: 'Blue key', problem: 'passkeyRejected' },
    taken: { step, ...passkeySetup, name: 'Blue key', problem: 'passkeyTaken' },
    stale: { step, ...passkeySetup, problem: 'stale' },
  },
  'enrol-totp': {
    first: { step, ...totpSetup },
    missing: { step, ...totpSetup, problem: 'codeMissing' },
    rejected: { step, ...totpSetup, problem: 'codeRejected' },
    stale: { step, ...totpSetup, problem: 'stale' },
  },
  'recovery-codes': {
    first: { step, ...recoveryCodes },
    notKept: { step, ...recoveryCodes, problem: 'notKept' },
    stale: { step, ...recoveryCodes, problem: 'stale' },
  },
  'account-security': {
    everything: security,
    nothing: { ...security, passkeys: [], totp: undefined, recoveryCodes: undefined, devices: [] },
    required: { ...security, totp: undefined, recoveryCodes: 0, devices: [], isRequired: true },
    oneCode: { ...security, passkeys: [], recoveryCodes: 1, devices: [] },
  },
  'account-passkey': {
    first: { frame, ...passkeySetup },
    named: { frame, ...passkeySetup, problem: 'nameInvalid' },
    taken: { frame, ...passkeySetup, name: 'Blue key', problem: 'passkeyTaken' },
  },
  'account-totp': {
    first: { frame, ...totpSetup },
    rejected: { frame, ...totpSetup, problem: 'codeRejected' },
  },
  'account-recovery-codes': {
    first: { frame, ...recoveryCodes },
    notKept: { frame, ...recoveryCodes, problem: 'notKept' },
  },
  'account-remove-factor': {
    passkey: removal,
    last: { ...removal, isLast: true },
    app: { ...removal, item: 'totp', name: undefined },
    required: { ...removal, isLast: true, isRequired: true },
  },
};
