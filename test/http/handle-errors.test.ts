import { expect, test } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { httpError, tooManyRequests } from '../../src/http/errors.ts';
import type { Middleware } from '../../src/http/middleware.ts';
import { sendPage } from '../../src/http/page.ts';
import { send, startSite } from './harness.ts';

function failing(error: unknown): Middleware {
  return async function fail() {
    throw error;
  };
}

const HTML = { host: 'id.example.com', accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

test('an error is a problem document with the request’s id, and its cause stays in the log', async () => {
  const cause = new Error('column "passwd" does not exist');
  await using site = await startSite([
    failing(httpError('forbidden', 'You may not.', { cause, detail: { rule: 7 } })),
  ]);
  const { status, headers, json, text } = await site.get('/x');
  expect(status).toBe(403);
  expect(headers).toMatchObject({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
  expect(json).toEqual({
    type: 'urn:guichet:error:forbidden',
    title: 'Not allowed',
    status: 403,
    code: 'forbidden',
    detail: 'You may not.',
    request_id: headers['x-request-id'],
  });
  expect(text).not.toContain('passwd');
  const line = site.logged.join('');
  expect(line).toContain('passwd');
  expect(line).toContain(String(json['request_id']));
});

test('protocol endpoints answer as RFC 6749 §5.2 says', async () => {
  await using site = await startSite([failing(tooManyRequests(2.1))]);
  const { status, headers, json } = await site.post('/token', 'a=b');
  expect(status).toBe(429);
  expect(headers).toMatchObject({ 'retry-after': '3', 'cache-control': 'no-store' });
  expect(headers['content-type']).toMatch(/^application\/json/);
  expect(json).toMatchObject({ error: 'temporarily_unavailable', request_id: headers['x-request-id'] });
});

test.each([
  ['an error without a name', new Error('secret detail'), 500, 'server_error'],
  ['something that is no error', 'secret detail', 500, 'server_error'],
  [
    'an AppError of unknown code',
    new AppError('client_exists', 'It exists.', { status: 409 }),
    409,
    'client_exists',
  ],
  [
    'a database that is away',
    Object.assign(new Error('secret detail'), { code: 'ECONNREFUSED' }),
    503,
    'unavailable',
  ],
  ['a full queue', new AppError('overloaded', 'Busy.', { status: 503 }), 503, 'overloaded'],
  [
    'a bug wrapped around a lost connection',
    new AppError('x', 'y', { cause: Object.assign(new Error(), { code: '57P01' }) }),
    503,
    'unavailable',
  ],
  ['text that cannot be decoded', new URIError('URI malformed'), 400, 'malformed_request'],
  [
    'Koa’s own client error',
    Object.assign(new Error('secret detail'), { status: 415, expose: true }),
    415,
    'unsupported_media_type',
  ],
  [
    'a status nobody meant for the client',
    Object.assign(new Error('secret detail'), { status: 404 }),
    500,
    'server_error',
  ],
])('%s', async (_what, error, expected, code) => {
  await using site = await startSite([failing(error)]);
  const { status, headers, json, text } = await site.get('/x');
  expect(status).toBe(expected);
  expect(json['code']).toBe(code);
  expect(text).not.toContain('secret detail');
  expect(headers['retry-after'] !== undefined).toBe(expected === 503);
  expect(site.logged.join('').includes('"level":"error"')).toBe(expected >= 500);
});

test('a request that nobody answers is 404, with another method 405', async () => {
  await using site = await startSite([], {
    methodsOf: (path) => (path === '/here' ? ['GET', 'POST'] : undefined),
  });
  expect(await site.get('/there')).toMatchObject({ status: 404, json: { code: 'not_found' } });
  const { status, headers } = await site.get('/here', { method: 'DELETE' });
  expect(status).toBe(405);
  expect(headers.allow).toBe('GET, POST');
});

test('browsers get the page, everybody else gets JSON', async () => {
  await using site = await startSite([], {
    async renderError(ctx, { status, title, requestId }) {
      sendPage(ctx, `<h1>${title}</h1><p>${requestId}</p>`, { status });
    },
  });
  const page = await send(site.port, { path: '/x', headers: HTML });
  expect(page.status).toBe(404);
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(page.text).toBe(`<h1>Not found</h1><p>${String(page.headers['x-request-id'])}</p>`);
  for (const accept of ['*/*', 'application/json', 'application/problem+json', 'nonsense;;']) {
    expect((await site.get('/x', { headers: { ...HTML, accept } })).headers['content-type']).toMatch(/json/);
  }
});

test('a page that cannot be rendered falls back to JSON', async () => {
  await using site = await startSite([], {
    renderError: async () => {
      throw new Error('template is broken');
    },
  });
  expect(await send(site.port, { path: '/x', headers: HTML })).toMatchObject({
    status: 404,
    json: { code: 'not_found' },
  });
});

test('an answer that has begun is not started anew', async () => {
  await using site = await startSite([broken]);
  expect(await site.get('/x')).toMatchObject({ status: 200, text: 'all there is' });
});

const broken: Middleware = async function failLate(ctx) {
  ctx.respond = false;
  ctx.res.writeHead(200).end('all there is');
  throw new Error('late');
};
