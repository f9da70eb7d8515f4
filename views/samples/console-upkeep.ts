import type { ConsoleUpkeepPages } from '../locals/console-upkeep.ts';
import { lately, sampleConsole, since } from './console-frame.ts';
import type { SamplesOf } from './samples.ts';

const pager = { first: undefined, next: undefined };
const person = { label: 'ines.moreau@example.org', path: '/console/users/usr_1' };

const report: ConsoleUpkeepPages['console-report'] = {
  frame: sampleConsole('Security report'),
  report: {
    id: 'rep_1',
    at: lately,
    grade: 'C',
    summary: '0 high, 1 medium, 1 low, 1 worth knowing',
    looked:
      '31 rules were held against the server, its APIs and its clients: 118 times in order, 3 times not.',
    groups: [
      {
        severity: 'medium',
        findings: [
          {
            rule: 'CL-04',
            about: 'cli_6fT0bQ2mZxKcV8rWn4YpLs',
            path: '/console/clients/cli_6fT0bQ2mZxKcV8rWn4YpLs',
            title: 'A secret is older than a year',
            what: 'The secret that ends in 9xQ2 is 412 days old.',
            remedy: 'Rotate it: guichet clients rotate-secret cli_6fT0bQ2mZxKcV8rWn4YpLs --overlap 24h',
            references: ['RFC 9700 §2.5', 'ASVS 5.0 V10.4.1'],
          },
        ],
      },
      {
        severity: 'info',
        findings: [
          {
            rule: 'SV-09',
            about: 'the server',
            path: undefined,
            title: 'The log is sent nowhere',
            what: 'No webhook and no syslog server gets the audit log.',
            remedy: 'guichet webhooks create --name SIEM --url https://siem.example.com/guichet',
            references: [],
          },
        ],
      },
    ],
    clients: [
      { id: 'cli_1', name: 'Atelier Notes', grade: 'C', findings: 1 },
      { id: 'cli_2', name: 'Nightly', grade: 'A', findings: 0 },
    ],
    controls: [
      { control: '5.17', name: 'Authentication information', rules: ['CL-04', 'SV-02'], failed: ['CL-04'] },
      { control: '8.15', name: 'Logging', rules: ['SV-09'], failed: [] },
    ],
  },
  reports: [
    {
      id: 'rep_1',
      at: lately,
      by: person,
      grade: 'C',
      summary: '0 high, 1 medium, 1 low, 1 worth knowing',
      isShown: true,
    },
    {
      id: 'rep_0',
      at: since,
      by: { label: 'the command line', path: undefined },
      grade: 'F',
      summary: '2 high, 0 medium, 1 low, 0 worth knowing',
      isShown: false,
    },
  ],
  pager: { first: undefined, next: '/console/report?after=rep_0' },
  equivalent: { command: 'guichet audit report' },
  mayWrite: true,
};

const settings: ConsoleUpkeepPages['console-settings'] = {
  frame: sampleConsole('Settings'),
  issuer: 'https://login.example.org',
  settings: [
    {
      name: 'GUICHET_ISSUER',
      description: 'Public address of this server.',
      isSecret: false,
      isSet: true,
      value: 'https://login.example.org',
      whenUnset: '',
    },
    {
      name: 'GUICHET_SECRET',
      description: 'What keys are sealed with and cookies signed.',
      isSecret: true,
      isSet: true,
      value: undefined,
      whenUnset: 'required',
    },
    {
      name: 'GUICHET_SMTP_URL',
      description: 'Mail server.',
      isSecret: true,
      isSet: false,
      value: undefined,
      whenUnset: 'no mail',
    },
    {
      name: 'GUICHET_SESSION_IDLE_SECONDS',
      description: 'A session that is not used for so long is over.',
      isSecret: false,
      isSet: false,
      value: undefined,
      whenUnset: '1209600',
    },
  ],
  equivalent: { command: 'guichet export > guichet.yaml' },
};

const webhooks: ConsoleUpkeepPages['console-webhooks'] = {
  frame: sampleConsole('Webhooks'),
  webhooks: [
    {
      id: 'whk_1',
      name: 'SIEM',
      url: 'https://siem.example.com/guichet',
      format: 'ocsf',
      types: [],
      minRisk: 0,
      deliveredAt: lately,
      failures: 0,
      lastError: undefined,
      nextAttemptAt: lately,
      isDisabled: false,
    },
    {
      id: 'whk_2',
      name: 'Pager',
      url: 'https://pager.example.com/a/very/long/address/that/somebody/made/up/for/this',
      format: 'jsonl',
      types: ['refresh-token.', 'code.replayed'],
      minRisk: 50,
      deliveredAt: undefined,
      failures: 4,
      lastError: 'it answered 503',
      nextAttemptAt: lately,
      isDisabled: false,
    },
    {
      id: 'whk_3',
      name: 'Archive',
      url: 'syslogs://logs.example.com:6514',
      format: 'jsonl',
      types: [],
      minRisk: 0,
      deliveredAt: since,
      failures: 0,
      lastError: undefined,
      nextAttemptAt: since,
      isDisabled: true,
    },
  ],
  pager,
  values: {},
  formats: ['jsonl', 'ocsf'],
  equivalent: { command: 'guichet webhooks create --name SIEM --url https://siem.example.com/guichet' },
  mayWrite: true,
};

export const consoleUpkeepSamples: SamplesOf<ConsoleUpkeepPages> = {
  'console-report': {
    some: report,
    none: { ...report, report: undefined, reports: [], pager, mayWrite: false },
  },
  'console-settings': { some: settings },
  'console-webhooks': {
    some: webhooks,
    made: {
      ...webhooks,
      frame: {
        ...sampleConsole('Webhooks'),
        notice: {
          message: 'What happens from now on is sent there.',
          command: webhooks.equivalent.command,
          secret: {
            label: 'Its secret. It is shown this once:',
            value: 'whsec_Vd8kQm1r2Yx0Zt7Lw9Ab3Cd5Ef7Gh9Ij',
          },
        },
      },
    },
    none: { ...webhooks, webhooks: [], mayWrite: false },
  },
};
