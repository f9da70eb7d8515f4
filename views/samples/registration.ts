import type { RegistrationPages } from '../locals/registration.ts';
import { sampleFrame } from './account.ts';
import { sampleStep } from './authenticators.ts';
import { sampleClient } from './core.ts';
import type { SamplesOf } from './samples.ts';

const interaction = {
  uid: 'uid1',
  csrf: 'csrf-token',
  client: sampleClient,
  destination: 'notes.example',
};

const register: RegistrationPages['register'] = {
  ...interaction,
  email: '',
  domains: [],
  problem: undefined,
};

const reset: RegistrationPages['reset'] = { ...interaction, identifier: '', problem: undefined };

const registration: RegistrationPages['registration'] = {
  token: 'the-token',
  csrf: 'csrf-token',
  email: 'ines.moreau@example.org',
  name: '',
  lengthMin: 15,
  problem: undefined,
};

const passwordReset: RegistrationPages['password-reset'] = {
  token: 'the-token',
  csrf: 'csrf-token',
  email: 'ines.moreau@example.org',
  lengthMin: 15,
  problem: undefined,
};

const requiredPassword: RegistrationPages['new-password'] = {
  step: sampleStep,
  name: 'ines.moreau@example.org',
  lengthMin: 15,
  problem: undefined,
};

const emailChange: RegistrationPages['email-change'] = {
  token: 'the-token',
  csrf: 'csrf-token',
  email: 'ines@atelier.example',
  stale: false,
};

const accountEmail: RegistrationPages['account-email'] = {
  frame: sampleFrame('email'),
  email: 'ines.moreau@example.org',
  verified: true,
  mayChange: true,
  wanted: '',
  problem: undefined,
  sent: false,
};

const accountPassword: RegistrationPages['account-password'] = {
  frame: sampleFrame('password'),
  hasPassword: true,
  mayAsk: true,
  lengthMin: 15,
  problem: undefined,
  done: undefined,
};

export const registrationSamples: SamplesOf<RegistrationPages> = {
  register: {
    first: register,
    limited: { ...register, domains: ['example.org', 'atelier.example'] },
    missing: { ...register, problem: 'missing' },
    invalid: { ...register, email: 'ines@', problem: 'invalid' },
    elsewhere: {
      ...register,
      email: 'ines@elsewhere.example',
      domains: ['example.org', 'atelier.example'],
      problem: 'domain',
    },
    stale: { ...register, email: 'ines@example.org', problem: 'stale' },
    unverifiedDevice: {
      ...register,
      client: { ...interaction.client, unverified: true },
      destination: undefined,
    },
  },
  reset: {
    first: reset,
    hinted: { ...reset, identifier: 'ines' },
    missing: { ...reset, problem: 'missing' },
    invalid: { ...reset, identifier: 'ines@', problem: 'invalid' },
    stale: { ...reset, identifier: 'ines', problem: 'stale' },
  },
  'check-mail': {
    registration: { ...interaction, about: 'registration', validSeconds: 24 * 3600 },
    reset: { ...interaction, about: 'reset', validSeconds: 1800 },
    device: { ...interaction, about: 'reset', validSeconds: 1800, destination: undefined },
  },
  registration: {
    first: registration,
    invited: { ...registration, name: 'Inès Moreau' },
    name: { ...registration, name: 'I\u0007', problem: 'name' },
    missing: { ...registration, problem: 'missing' },
    different: { ...registration, problem: 'different' },
    short: { ...registration, problem: 'too-short' },
    stale: { ...registration, problem: 'stale' },
  },
  'password-reset': {
    first: passwordReset,
    missing: { ...passwordReset, problem: 'missing' },
    different: { ...passwordReset, problem: 'different' },
    short: { ...passwordReset, problem: 'too-short' },
    long: { ...passwordReset, problem: 'too-long' },
    unusable: { ...passwordReset, problem: 'unusable-characters' },
    predictable: { ...passwordReset, problem: 'predictable' },
    common: { ...passwordReset, problem: 'common' },
    namesYou: { ...passwordReset, problem: 'names-you' },
    stale: { ...passwordReset, problem: 'stale' },
  },
  'new-password': {
    first: requiredPassword,
    device: { ...requiredPassword, step: { ...sampleStep, destination: undefined } },
    same: { ...requiredPassword, problem: 'same' },
    short: { ...requiredPassword, problem: 'too-short' },
    different: { ...requiredPassword, problem: 'different' },
    stale: { ...requiredPassword, problem: 'stale' },
  },
  'email-change': { first: emailChange, stale: { ...emailChange, stale: true } },
  'email-confirmed': { first: undefined },
  'account-email': {
    first: accountEmail,
    unverified: { ...accountEmail, verified: false },
    none: { ...accountEmail, email: undefined, verified: false },
    sent: { ...accountEmail, sent: true },
    noMail: { ...accountEmail, mayChange: false },
    missing: { ...accountEmail, problem: 'missing' },
    invalid: { ...accountEmail, wanted: 'ines@', problem: 'invalid' },
    same: { ...accountEmail, wanted: 'ines.moreau@example.org', problem: 'same' },
  },
  'account-password': {
    first: accountPassword,
    changed: { ...accountPassword, done: 'changed' },
    currentMissing: { ...accountPassword, problem: { kind: 'currentMissing' } },
    rejected: { ...accountPassword, problem: { kind: 'rejected' } },
    tooMany: { ...accountPassword, problem: { kind: 'tooMany', waitSeconds: 240 } },
    short: { ...accountPassword, problem: { kind: 'too-short' } },
    common: { ...accountPassword, problem: { kind: 'common' } },
    none: { ...accountPassword, hasPassword: false },
    sent: { ...accountPassword, hasPassword: false, done: 'sent' },
    noMail: { ...accountPassword, hasPassword: false, mayAsk: false },
  },
  'dead-link': {
    registration: { about: 'registration' },
    reset: { about: 'reset' },
    email: { about: 'email' },
  },
};
