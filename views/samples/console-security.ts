import type { ConsoleSecurityPages, ExplainedRequest } from '../locals/console-security.ts';
import { lately, sampleConsole, since } from './console-frame.ts';
import type { SamplesOf } from './samples.ts';

const audit: ConsoleSecurityPages['console-audit'] = {
  frame: sampleConsole('Audit log'),
  filters: {
    type: '',
    actor: '',
    client_id: '',
    account_id: '',
    address: '',
    request_id: '',
    since: '',
    until: '',
    min_risk: '',
  },
  types: ['account.signed-in', 'client.created'],
  events: [
    {
      id: '48213',
      at: lately,
      type: 'refresh-token.reused',
      words: 'A refresh token was used twice',
      actor: { label: 'cli_6fT0bQ2mZxKcV8rWn4YpLs', path: '/console/clients/cli_6fT0bQ2mZxKcV8rWn4YpLs' },
      about: [
        {
          label: 'maximiliane.von-und-zu-hohenstein@marketing.example.org',
          path: '/console/users/usr_3hGd9sLkQw7eRtYuIoPaZx',
        },
      ],
      requestId: 'req_0123456789abcdef0123456789abcdef',
      address: '2001:db8:4711:fe00:1234:5678:9abc:def0',
      networkToBlock: '2001:db8:4711:fe00::/64',
      risk: { score: 90, level: 'high', reasons: 'a refresh token that was used before: two have it' },
      facts: [{ label: 'grantId', value: 'grt_01k9x4w3v2' }],
    },
    {
      id: '48212',
      at: lately,
      type: 'guessing.stopped',
      words: 'Guessing was stopped',
      actor: { label: 'nobody signed in', path: undefined },
      about: [],
      requestId: 'req_0123456789abcdef0123456789abcde0',
      address: '203.0.113.7',
      networkToBlock: '203.0.113.7',
      risk: { score: 60, level: 'medium', reasons: 'one account is guessed at' },
      facts: [],
    },
    {
      id: '48211',
      at: since,
      type: 'account.signed-in',
      words: 'Somebody signed in',
      actor: { label: 'usr_3hGd9sLkQw7eRtYuIoPaZx', path: '/console/users/usr_3hGd9sLkQw7eRtYuIoPaZx' },
      about: [{ label: 'cli_6fT0bQ2mZxKcV8rWn4YpLs', path: '/console/clients/cli_6fT0bQ2mZxKcV8rWn4YpLs' }],
      requestId: undefined,
      address: '192.0.2.7',
      networkToBlock: undefined,
      risk: { score: 15, level: 'low', reasons: 'a browser that was never seen before' },
      facts: [{ label: 'device', value: 'Firefox on Linux' }],
    },
    {
      id: '48210',
      at: since,
      type: 'role.given',
      words: 'A role was given',
      actor: { label: 'the command line', path: undefined },
      about: [{ label: 'usr_3hGd9sLkQw7eRtYuIoPaZx', path: '/console/users/usr_3hGd9sLkQw7eRtYuIoPaZx' }],
      requestId: undefined,
      address: undefined,
      networkToBlock: undefined,
      risk: null,
      facts: [{ label: 'role', value: 'auditor' }],
    },
  ],
  pager: { first: undefined, next: '/console/audit?after=48210' },
  equivalent: { command: 'guichet audit list --min-risk 50 --since 24h' },
  log: {
    length: 1_048_213,
    hash: '5a'.repeat(32),
    checkpoint: { number: 8123, seq: 1_048_200, at: lately },
  },
  lasts: ['10000', '100000', 'all'],
  verification: undefined,
};

const blocks: ConsoleSecurityPages['console-blocks'] = {
  frame: sampleConsole('Blocked addresses'),
  withThoseOver: true,
  blocks: [
    {
      id: 'blk_1',
      network: '2001:db8:4711:fe00::/64',
      reason: 'Tries out stolen passwords, ticket 4711',
      by: { label: 'usr_3hGd9sLkQw7eRtYuIoPaZx', path: '/console/users/usr_3hGd9sLkQw7eRtYuIoPaZx' },
      since,
      expiresAt: undefined,
      liftedAt: undefined,
      isLive: true,
    },
    {
      id: 'blk_2',
      network: '203.0.113.7/32',
      reason: 'Guesses passwords',
      by: { label: 'the command line', path: undefined },
      since,
      expiresAt: lately,
      liftedAt: undefined,
      isLive: false,
    },
    {
      id: 'blk_3',
      network: '198.51.100.0/24',
      reason: 'Wrong network',
      by: { label: 'the command line', path: undefined },
      since,
      expiresAt: undefined,
      liftedAt: lately,
      isLive: false,
    },
  ],
  pager: { first: undefined, next: undefined },
  values: { network: '203.0.113.7' },
  ownAddress: '192.0.2.7',
  equivalent: { command: "guichet blocks add 203.0.113.7 --reason 'guesses passwords' --for 2h" },
  mayWrite: true,
};

const refused: ExplainedRequest = {
  id: 'req_0123456789abcdef0123456789abcdef',
  at: lately,
  endpoint: '/token',
  status: 400,
  outcome: 'invalid_grant',
  client: { label: 'cli_6fT0bQ2mZxKcV8rWn4YpLs', path: '/console/clients/cli_6fT0bQ2mZxKcV8rWn4YpLs' },
  account: { label: 'usr_3hGd9sLkQw7eRtYuIoPaZx', path: '/console/users/usr_3hGd9sLkQw7eRtYuIoPaZx' },
  address: '192.0.2.7',
  steps: [
    {
      step: 'authorization code',
      verdict: 'refused',
      words:
        'The code was used before, 12 seconds earlier: it is good once, and all that came of it is revoked.',
    },
    {
      step: 'scope',
      verdict: 'reduced',
      words: 'Of "orders:read orders:write", no role carries orders:write.',
    },
    {
      step: 'client authentication',
      verdict: 'noted',
      words: 'The client used the older of its two secrets.',
    },
  ],
};

const explain: ConsoleSecurityPages['console-explain'] = {
  frame: sampleConsole('Explain'),
  request: '',
  client: '',
  explanation: undefined,
  isUnknown: false,
  keptHours: 24,
  latest: [
    refused,
    {
      ...refused,
      id: 'req_0123456789abcdef0123456789abcde0',
      endpoint: '/auth',
      outcome: 'invalid_redirect_uri',
      account: undefined,
      steps: [
        {
          step: 'redirect_uri',
          verdict: 'refused',
          words:
            '"https://app.example.com/cb/" is none of the two that are registered; it differs by a slash at its end.',
        },
      ],
    },
    {
      ...refused,
      id: 'req_0123456789abcdef0123456789abcde1',
      endpoint: '/introspect',
      status: 401,
      outcome: 'invalid_client',
      client: undefined,
      account: undefined,
      steps: [],
    },
  ],
  pager: { first: undefined, next: '/console/explain?after=req_1' },
  equivalent: { command: 'guichet explain req_0123456789abcdef0123456789abcdef' },
};

export const consoleSecuritySamples: SamplesOf<ConsoleSecurityPages> = {
  'console-audit': {
    some: audit,
    none: {
      ...audit,
      events: [],
      filters: { ...audit.filters, actor: 'cli', since: '24h' },
      pager: { first: undefined, next: undefined },
      log: { length: 0, hash: '00'.repeat(32), checkpoint: undefined },
    },
    whole: {
      ...audit,
      verification: {
        isFine: true,
        summary: 'The whole log is as it was written: 1048213 events read, up to 1048213.',
        signed: '8123 signed checkpoints agree, the last about event 1048200; 13 events came after it.',
        findings: [],
      },
    },
    broken: {
      ...audit,
      log: { ...audit.log, checkpoint: { number: 8123, seq: 1_048_200, at: undefined } },
      verification: {
        isFine: false,
        summary: 'The log from event 1038214 on is not as it was written: 2 problems in 10000 events.',
        signed: '3 signed checkpoints agree, the last about event 1040000; 8213 events came after it.',
        findings: [
          {
            code: 'event_changed',
            seq: 1_041_000,
            message: 'The event 41000 is not the one that link 1041000 was made of, or the link was changed.',
          },
          {
            code: 'protection_missing',
            seq: undefined,
            message: 'The trigger audit_events_append_only is missing.',
          },
        ],
      },
    },
  },
  'console-blocks': {
    some: blocks,
    none: { ...blocks, withThoseOver: false, blocks: [], values: {} },
    auditor: { ...blocks, mayWrite: false },
    refused: {
      ...blocks,
      values: { network: '192.0.2.0/24', reason: 'test', until: '2h' },
      frame: {
        ...sampleConsole('Blocked addresses'),
        refusal: { message: 'You are in this network yourself.', code: 'invalid_block' },
      },
    },
  },
  'console-explain': {
    asked: explain,
    found: { ...explain, request: refused.id, explanation: refused },
    'not-found': {
      ...explain,
      request: 'req_1',
      isUnknown: true,
      latest: [],
      pager: { first: undefined, next: undefined },
    },
  },
};
