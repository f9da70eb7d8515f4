import type {
  AuthenticatorPages,
  PasskeySetup,
  RecoveryCodesLocals,
  StepFrame,
  TotpSetup,
} from '../locals/authenticators.ts';
import { sampleFrame } from './account.ts';
import { sampleClient } from './core.ts';
import type { SamplesOf } from './samples.ts';

export const sampleStep: StepFrame = {
  uid: 'uid1',
  csrf: 'csrf-token',
  client: sampleClient,
  person: { name: 'Inès Moreau', identifier: 'ines.moreau@example.org', initial: 'I' },
  destination: 'notes.example',
};

const step = sampleStep;

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
  qr: {
    size: 57,
    path: 'M4 4h7M15 4h2M18 4h1M20 4h1M23 4h1M27 4h6M34 4h3M39 4h3M44 4h1M46 4h7M4 5h1M10 5h1M13 5h2M18 5h1M20 5h4M25 5h4M32 5h2M38 5h7M46 5h1M52 5h1M4 6h1M6 6h3M10 6h1M12 6h1M16 6h1M19 6h1M21 6h2M26 6h1M28 6h9M39 6h1M43 6h2M46 6h1M48 6h3M52 6h1M4 7h1M6 7h3M10 7h1M12 7h1M14 7h1M16 7h1M20 7h2M26 7h2M30 7h2M33 7h3M39 7h3M43 7h1M46 7h1M48 7h3M52 7h1M4 8h1M6 8h3M10 8h1M12 8h2M17 8h2M20 8h1M22 8h9M34 8h2M39 8h1M41 8h1M46 8h1M48 8h3M52 8h1M4 9h1M10 9h1M12 9h1M15 9h4M21 9h1M24 9h1M26 9h1M30 9h1M33 9h1M35 9h1M38 9h1M40 9h3M46 9h1M52 9h1M4 10h7M12 10h1M14 10h1M16 10h1M18 10h1M20 10h1M22 10h1M24 10h1M26 10h1M28 10h1M30 10h1M32 10h1M34 10h1M36 10h1M38 10h1M40 10h1M42 10h1M44 10h1M46 10h7M12 11h4M18 11h9M30 11h1M33 11h2M41 11h1M44 11h1M4 12h1M6 12h5M13 12h1M17 12h2M22 12h9M34 12h2M39 12h4M44 12h1M46 12h5M6 13h4M11 13h2M15 13h1M19 13h2M22 13h1M26 13h1M29 13h1M32 13h3M36 13h1M45 13h2M4 14h2M9 14h3M14 14h1M18 14h2M21 14h1M23 14h1M26 14h2M30 14h1M34 14h1M36 14h1M38 14h1M40 14h4M47 14h1M50 14h3M6 15h1M8 15h2M13 15h1M17 15h1M20 15h1M22 15h3M30 15h3M36 15h2M40 15h3M45 15h3M52 15h1M4 16h1M6 16h1M8 16h7M16 16h1M21 16h3M26 16h4M31 16h1M34 16h2M38 16h6M46 16h2M49 16h1M4 17h2M7 17h2M16 17h1M18 17h3M25 17h1M27 17h1M32 17h3M39 17h1M41 17h1M45 17h7M4 18h3M9 18h3M14 18h2M18 18h1M22 18h2M27 18h5M35 18h2M38 18h2M47 18h1M49 18h1M51 18h2M4 19h2M7 19h3M13 19h4M18 19h1M21 19h2M25 19h1M28 19h2M34 19h4M43 19h1M45 19h2M48 19h1M51 19h1M5 20h1M8 20h5M14 20h5M20 20h1M22 20h1M24 20h1M27 20h2M30 20h2M34 20h1M37 20h11M49 20h1M51 20h1M4 21h2M11 21h1M14 21h4M23 21h1M25 21h1M27 21h3M34 21h2M40 21h1M46 21h1M52 21h1M5 22h1M7 22h2M10 22h1M15 22h1M19 22h1M21 22h1M28 22h1M30 22h2M34 22h5M40 22h5M47 22h3M51 22h2M5 23h2M9 23h1M11 23h1M13 23h2M16 23h1M19 23h2M22 23h1M24 23h1M31 23h2M37 23h3M41 23h1M43 23h1M47 23h2M51 23h1M5 24h1M10 24h3M15 24h1M17 24h5M23 24h1M26 24h4M35 24h1M37 24h1M39 24h2M43 24h5M50 24h1M52 24h1M6 25h4M12 25h1M14 25h1M17 25h1M19 25h5M25 25h2M31 25h1M33 25h3M39 25h3M43 25h1M46 25h2M49 25h1M52 25h1M4 26h2M8 26h6M15 26h3M19 26h2M23 26h1M26 26h5M32 26h1M35 26h4M42 26h1M44 26h5M51 26h2M8 27h1M12 27h3M16 27h1M18 27h1M20 27h1M23 27h1M25 27h2M30 27h2M33 27h3M39 27h1M41 27h2M44 27h1M48 27h1M52 27h1M4 28h1M6 28h1M8 28h1M10 28h1M12 28h2M17 28h3M23 28h4M28 28h1M30 28h1M33 28h1M35 28h1M37 28h1M39 28h4M44 28h1M46 28h1M48 28h5M4 29h1M7 29h2M12 29h5M18 29h2M21 29h1M26 29h1M30 29h6M37 29h1M39 29h1M41 29h1M44 29h1M48 29h1M50 29h2M6 30h7M15 30h1M18 30h1M20 30h3M25 30h6M34 30h2M38 30h1M40 30h3M44 30h9M4 31h1M11 31h2M14 31h1M16 31h1M20 31h1M22 31h2M25 31h2M28 31h2M32 31h1M34 31h1M36 31h1M42 31h1M44 31h2M47 31h1M51 31h2M9 32h2M14 32h2M22 32h1M27 32h4M33 32h3M40 32h1M42 32h3M48 32h2M51 32h2M5 33h2M8 33h1M12 33h4M23 33h3M28 33h2M33 33h2M40 33h2M43 33h1M45 33h3M49 33h1M5 34h1M8 34h1M10 34h1M13 34h2M16 34h1M18 34h1M24 34h1M26 34h4M37 34h2M40 34h2M44 34h3M48 34h1M51 34h2M6 35h1M13 35h4M18 35h1M21 35h4M28 35h1M30 35h2M33 35h1M35 35h5M41 35h4M47 35h1M49 35h1M51 35h2M4 36h1M6 36h2M10 36h1M14 36h1M21 36h1M24 36h1M26 36h1M32 36h1M39 36h3M43 36h1M50 36h1M5 37h1M11 37h1M14 37h6M23 37h1M27 37h7M43 37h2M46 37h2M49 37h1M51 37h2M4 38h1M6 38h1M10 38h1M13 38h1M15 38h3M20 38h3M25 38h2M28 38h2M32 38h1M34 38h2M37 38h8M46 38h1M48 38h2M51 38h2M4 39h5M12 39h1M17 39h7M25 39h1M27 39h1M29 39h1M31 39h2M35 39h3M41 39h2M44 39h2M47 39h1M51 39h2M4 40h3M9 40h3M13 40h1M18 40h2M22 40h1M25 40h4M33 40h2M39 40h7M48 40h4M5 41h2M9 41h1M11 41h5M18 41h1M21 41h1M23 41h1M25 41h5M31 41h1M33 41h2M36 41h1M41 41h1M44 41h1M47 41h1M50 41h1M52 41h1M5 42h1M9 42h2M12 42h2M15 42h2M19 42h2M22 42h3M28 42h2M31 42h1M37 42h6M45 42h2M51 42h2M5 43h3M11 43h3M18 43h1M22 43h2M25 43h1M27 43h2M30 43h1M33 43h1M38 43h1M4 44h3M10 44h1M12 44h2M15 44h1M18 44h1M21 44h1M23 44h8M35 44h1M39 44h10M50 44h1M12 45h1M14 45h3M18 45h2M25 45h2M30 45h7M39 45h3M43 45h2M48 45h2M4 46h7M16 46h1M18 46h1M21 46h3M26 46h1M28 46h1M30 46h2M34 46h2M37 46h1M39 46h2M42 46h1M44 46h1M46 46h1M48 46h5M4 47h1M10 47h1M12 47h1M14 47h4M19 47h1M21 47h3M25 47h2M30 47h4M35 47h2M39 47h1M43 47h2M48 47h1M52 47h1M4 48h1M6 48h3M10 48h1M12 48h2M17 48h1M19 48h5M26 48h5M33 48h3M39 48h3M44 48h5M52 48h1M4 49h1M6 49h3M10 49h1M12 49h2M15 49h1M17 49h2M20 49h2M25 49h1M27 49h1M29 49h7M40 49h1M43 49h2M46 49h4M52 49h1M4 50h1M6 50h3M10 50h1M12 50h1M17 50h4M23 50h1M25 50h4M30 50h1M32 50h2M35 50h2M38 50h3M42 50h1M45 50h1M47 50h1M4 51h1M10 51h1M14 51h2M19 51h2M22 51h1M27 51h1M29 51h2M34 51h1M36 51h1M38 51h1M41 51h1M44 51h4M49 51h1M52 51h1M4 52h7M12 52h2M15 52h2M21 52h1M23 52h2M27 52h1M31 52h1M33 52h3M38 52h1M40 52h1M42 52h1M45 52h2M49 52h4',
  },
  secret: 'GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ',
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
