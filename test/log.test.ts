import { describe, expect, test } from 'vitest';
import { AppError } from '../src/errors.ts';
import { createLogger } from '../src/log.ts';
import type { Logger } from '../src/log.ts';

/** The one line that `write` logs. */
function logged(write: (log: Logger) => void): string {
  const lines: string[] = [];
  write(createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } }));
  expect(lines).toHaveLength(1);
  return lines.join('');
}

test('a line is one JSON object with its level in words and the time', () => {
  const line = logged((log) => log.info({ requestId: 'req_1', count: 2 }, 'served'));
  expect(JSON.parse(line)).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    requestId: 'req_1',
    count: 2,
    msg: 'served',
  });
});

test('what is below the level is not logged', () => {
  const line = logged((log) => {
    log.debug('quiet');
    log.info('loud');
  });
  expect(line).toContain('loud');
});

describe('credentials stay out', () => {
  test.for([
    'authorization',
    'Cookie',
    'set-cookie',
    'DPoP',
    'password',
    'client_secret',
    'client_assertion',
    'access_token',
    'refresh_token',
    'code',
    'code_verifier',
    'device_code',
  ])('%s, at any depth', (name) => {
    expect(logged((log) => log.info({ [name]: 'hunter2' }))).not.toContain('hunter2');
    expect(logged((log) => log.info({ headers: { [name]: 'hunter2' } }))).not.toContain('hunter2');
    expect(logged((log) => log.info({ a: [{ b: { [name]: ['hunter2'] } }] }))).not.toContain('hunter2');
  });

  test('bound to a child logger', () => {
    expect(logged((log) => log.child({ token: 'hunter2' }).info('x'))).not.toContain('hunter2');
  });

  test('in bytes', () => {
    const line = logged((log) => log.info({ body: Buffer.from('hunter2') }));
    expect(JSON.parse(line).body).toBe('[bytes]');
  });

  test('in the row a database error shows', () => {
    const error = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: 'Key (email)=(hunter2)',
    });
    const line = logged((log) => log.error({ err: error, cause: error, causes: [error] }));
    expect(line).not.toContain('hunter2');
    expect(JSON.parse(line).err).toMatchObject({
      type: 'Error',
      message: 'duplicate key',
      errorCode: '23505',
    });
  });
});

test('an error is logged with its causes and with the detail only our own errors have', () => {
  const cause = new Error('connection refused');
  const error = new AppError('overloaded', 'Try again.', {
    status: 503,
    cause,
    detail: { queue: 80, token: 'hunter2' },
  });
  const { err } = JSON.parse(logged((log) => log.error(error)));
  expect(err).toMatchObject({
    type: 'AppError',
    errorCode: 'overloaded',
    status: 503,
    detail: { queue: 80, token: '[censored]' },
    cause: { message: 'connection refused' },
  });
  expect(err.stack).toContain('log.test.ts');
});

test('an object that contains itself is cut off', () => {
  const loop: Record<string, unknown> = {};
  loop['self'] = loop;
  expect(logged((log) => log.info(loop))).toContain('[too deep]');
});
