import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BODY_BYTES_MAX, HEADER_BYTES_MAX, URL_BYTES_MAX } from '../../src/http/limits.ts';
import { echo, ISSUER, send, startSite, type Site } from './harness.ts';

let site: Site;
beforeAll(async () => {
  site = await startSite([echo]);
});
afterAll(() => site[Symbol.asyncDispose]());

describe('the host is the issuer’s', () => {
  test.each([
    'evil.example',
    'id.example.com.',
    'id.example.com:80',
    'id.example.com:8443',
    'x.id.example.com',
    '127.0.0.1',
    'user@id.example.com',
    '',
  ])('Host %j is refused with 421, and the answer says what is expected', async (host) => {
    const { status, headers, json } = await site.get('/echo', { headers: { host } });
    expect(status).toBe(421);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(json['detail']).toContain('https://id.example.com');
    expect(json['request_id']).toBe(headers['x-request-id']);
  });

  test.each(['id.example.com', 'ID.Example.COM', 'id.example.com:443'])(
    'Host %j is the issuer',
    async (host) => {
      const { status, json } = await site.get('/echo', { headers: { host } });
      expect(status).toBe(200);
      expect(json).toMatchObject({ host: 'id.example.com', origin: ISSUER });
    },
  );

  test('URLs are built from the issuer whatever the headers say', async () => {
    const { json } = await site.get('/echo?a=b', {
      headers: {
        host: 'id.example.com',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'http',
        forwarded: 'host=evil.example;proto=http',
      },
    });
    expect(json).toMatchObject({ protocol: 'https', host: 'id.example.com', href: `${ISSUER}/echo?a=b` });
  });

  test('the same behind a trusted proxy', async () => {
    await using behind = await startSite([echo], { trustedProxies: ['127.0.0.0/8'] });
    const { json } = await behind.get('/echo', {
      headers: {
        host: 'id.example.com',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'http',
        'x-forwarded-for': '198.51.100.1',
      },
    });
    expect(json).toMatchObject({ protocol: 'https', href: `${ISSUER}/echo`, ip: '198.51.100.1' });
  });

  test('probes are answered under any name, and still see the issuer', async () => {
    const { status, json } = await site.get('/livez', { headers: { host: '10.1.2.3' } });
    expect(status).toBe(200);
    expect(json).toMatchObject({ host: 'id.example.com' });
    expect((await site.get('/livez/', { headers: { host: '10.1.2.3' } })).status).toBe(421);
  });

  test('an issuer with a port wants that port', async () => {
    await using local = await startSite([echo], { issuer: 'http://localhost:3000' });
    expect((await local.get('/echo')).json).toMatchObject({ origin: 'http://localhost:3000' });
    expect((await local.get('/echo', { headers: { host: 'localhost' } })).status).toBe(421);
  });

  test('two Host headers are a malformed request', async () => {
    const answer = await site.raw(
      'GET /echo HTTP/1.1\r\nHost: id.example.com\r\nhost: evil.example\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
  });

  test.each([
    'http://evil.example/echo',
    `${ISSUER}/echo`,
    'http://[bad',
    '//evil.example/echo',
    '*',
    'echo',
  ])('the target %s is not served', async (target) => {
    const answer = await site.raw(
      `OPTIONS ${target} HTTP/1.1\r\nHost: id.example.com\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 4\d\d /);
    expect(answer).not.toContain('evil.example');
  });

  test('an absolute target is misdirected even with the right Host', async () => {
    const answer = await site.raw(
      `GET ${ISSUER}/echo HTTP/1.1\r\nHost: id.example.com\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 421 /);
  });

  test('HTTP/1.0 without Host is refused', async () => {
    expect(await site.raw('GET /echo HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 421 /);
  });
});

describe('limits', () => {
  test(`a URL of ${URL_BYTES_MAX} bytes passes, one more does not`, async () => {
    const longest = `/echo?${'a'.repeat(URL_BYTES_MAX - 6)}`;
    expect((await site.get(longest)).status).toBe(200);
    const { status, json } = await site.get(`${longest}a`);
    expect(status).toBe(414);
    expect(json['code']).toBe('uri_too_long');
  });

  test('headers beyond the limit end in 431', async () => {
    const headers = { host: 'id.example.com', cookie: 'a'.repeat(HEADER_BYTES_MAX) };
    expect((await site.get('/echo', { headers })).status).toBe(431);
  });

  test(`a body of ${BODY_BYTES_MAX} bytes passes, one more does not`, async () => {
    const longest = 'a'.repeat(BODY_BYTES_MAX);
    expect((await site.post('/echo', longest)).json['body']).toBe(longest);
    const { status, headers, json } = await site.post('/echo', `${longest}a`);
    expect(status).toBe(413);
    expect(json['code']).toBe('body_too_large');
    expect(headers.connection).toBe('close');
  });

  test('the same without Content-Length', async () => {
    const chunked = {
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'transfer-encoding': 'chunked' },
    };
    const longest = 'a'.repeat(BODY_BYTES_MAX);
    expect((await site.post('/echo', longest, chunked)).json['body']).toBe(longest);
    expect((await site.post('/echo', `${longest}a`, chunked)).status).toBe(413);
  });

  test('an announced body of any type is refused unread', async () => {
    const answer = await site.raw(
      'POST /echo HTTP/1.1\r\nHost: id.example.com\r\nContent-Type: text/plain\r\nContent-Length: 99999999\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
  });

  test.each(['TRACE', 'PROPFIND', 'LINK'])(
    '%s is refused with 405 and the methods that exist',
    async (method) => {
      const { status, headers } = await site.get('/echo', { method });
      expect(status).toBe(405);
      expect(headers.allow).toContain('POST');
    },
  );

  test('CONNECT gets nowhere', async () => {
    expect(await site.raw('CONNECT id.example.com:443 HTTP/1.1\r\nHost: id.example.com\r\n\r\n')).not.toMatch(
      / 2\d\d /,
    );
  });
});

describe('a path has one spelling', () => {
  test.each(['/echo', '/echo?x=/A//', '/reg/cli_Abc'])('%s is served', async (path) => {
    expect((await site.get(path)).status).toBe(200);
  });

  test.each([
    '/ECHO',
    '/Echo',
    '/echo/',
    '//echo',
    '/echo//',
    '/./echo',
    '/x/../echo',
    '/%65cho',
    '/echo%2f',
    '/REG/cli_Abc',
    '/reg/cli_Abc/',
    '/reg/..',
    '/reg/cli%5FAbc',
    '/echo;x',
    '/token/Introspection',
  ])('%s is unknown', async (path) => {
    const { status, json } = await site.get(path);
    expect(status).toBe(404);
    expect(json['error'] ?? json['code']).toMatch(/not_found|invalid_request/);
  });
});

describe('malformed text is refused with 400', () => {
  const BAD = [
    '%00',
    'a%00b',
    '%',
    '%4',
    '%zz',
    '%ff',
    '%c0%80',
    '%ed%a0%80',
    '%ed%b0%80',
    '%f5%80%80%80',
    '%e4%b8',
  ];
  const GOOD = [
    '',
    'a',
    '%41',
    '%C3%A9',
    '%F0%9F%98%80',
    'a+b',
    '%25',
    '%0A',
    '%7F',
    "~!*'()",
    '%5Cu0000',
    '%5Cusers',
  ];

  test.each(BAD)('%s in a query, a path or a form', async (text) => {
    expect((await site.get(`/echo?x=${text}`)).status).toBe(400);
    expect((await site.get(`/echo?${text}=x`)).status).toBe(400);
    expect((await site.get(`/reg/${text}`)).status).toBe(400);
    expect((await site.post('/echo', `a=b&x=${text}`)).status).toBe(400);
    expect((await site.post('/echo', `${text}=b&a=c`)).status).toBe(400);
  });

  test.each(GOOD)('%j is fine', async (text) => {
    expect((await site.get(`/echo?x=${text}`)).status).toBe(200);
    const { status, json } = await site.post('/echo', `a=b&x=${text}`);
    expect(status).toBe(200);
    expect(json['body']).toBe(`a=b&x=${text}`);
  });

  test.each([
    Buffer.from('a=\xff', 'latin1'),
    Buffer.from('a=\0b'),
    Buffer.from('a=é'),
    Buffer.from('a=b', 'utf16le'),
  ])('raw bytes that a form must escape (%#)', async (bytes) => {
    expect((await site.post('/echo', bytes)).status).toBe(400);
  });

  test('raw bytes in the URL', async () => {
    expect(
      await site.raw('GET /echo?x=\xff HTTP/1.1\r\nHost: id.example.com\r\nConnection: close\r\n\r\n'),
    ).toMatch(/^HTTP\/1.1 400 /);
    expect(
      await site.raw('GET /echo#/token HTTP/1.1\r\nHost: id.example.com\r\nConnection: close\r\n\r\n'),
    ).toMatch(/^HTTP\/1.1 400 /);
  });

  test.each([
    ['{"a":"\\u0000"}', 400],
    ['{"a":"\\ud800"}', 400],
    ['{"a":"\\udc00\\ud800"}', 400],
    ['{"a\\u0000":1}', 400],
    ['{"a":"\\\\\\u0000"}', 400],
    ['{"a":"\\ud83d\\ude00"}', 200],
    ['{"a":"\\\\u0000"}', 200],
    ['{"a":"é😀"}', 200],
    ['not json', 200],
  ])('JSON %s → %i', async (text, expected) => {
    const json = await site.post('/echo', text, { headers: { 'content-type': 'application/json' } });
    expect(json.status).toBe(expected);
    const parameter = await site.post('/echo', `claims=${encodeURIComponent(text)}`);
    expect(parameter.status).toBe(expected);
  });

  test.each(['utf-16le', 'iso-8859-1', 'nonsense'])('a body in %s is not read as UTF-8', async (charset) => {
    const headers = { 'content-type': `application/x-www-form-urlencoded; charset=${charset}` };
    expect((await site.post('/echo', 'a=b', { headers })).status).toBe(415);
  });

  test('a body that says UTF-8', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' };
    expect((await site.post('/echo', 'a=b', { headers })).json['body']).toBe('a=b');
  });

  test.each([
    ['client:secret', 200],
    ['c%20l:s%C3%A9', 200],
    ['client%00:secret', 400],
    ['client\0:secret', 400],
    ['client:%zz', 400],
    ['clé:secret', 400],
  ])('Authorization: Basic of %j → %i', async (credentials, expected) => {
    const headers = { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
    expect((await site.get('/echo', { headers: { host: 'id.example.com', ...headers } })).status).toBe(
      expected,
    );
  });
});

describe('a checked body is still there to be read', () => {
  test('also when it arrives in many pieces', async () => {
    const answer = site.raw(
      'POST /echo HTTP/1.1\r\nHost: id.example.com\r\nContent-Type: application/x-www-form-urlencoded\r\n' +
        'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\na=b\r\n2\r\n&c\r\n2\r\n=d\r\n0\r\n\r\n',
    );
    expect(await answer).toContain('"body":"a=b&c=d"');
  });

  test('an empty body is an empty body', async () => {
    expect((await site.post('/echo', '')).json['body']).toBe('');
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'transfer-encoding': 'chunked' };
    expect((await site.post('/echo', '', { headers })).json['body']).toBe('');
  });

  test('a connection serves on after a body that nobody wanted', async () => {
    const post =
      'POST /nowhere HTTP/1.1\r\nHost: id.example.com\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b';
    const answer = await site.raw(
      `${post}${post}GET /echo HTTP/1.1\r\nHost: id.example.com\r\nConnection: close\r\n\r\n`,
    );
    expect(answer.match(/HTTP\/1.1 \d{3}/g)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 404', 'HTTP/1.1 200']);
  });

  test('a client that leaves in the middle harms nobody', async () => {
    const headers = {
      host: 'id.example.com',
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': '10',
    };
    const controller = new AbortController();
    const left = send(
      site.port,
      { path: '/echo', method: 'POST', headers, signal: controller.signal },
      'a=b',
    );
    setTimeout(() => controller.abort(), 50);
    await expect(left).rejects.toThrow();
    expect((await site.get('/echo')).status).toBe(200);
    expect(site.logged.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });
});

test('every answer carries the headers that browsers are told by', async () => {
  for (const path of ['/echo', '/nowhere']) {
    const { headers } = await site.get(path);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin',
      'strict-transport-security': 'max-age=31536000',
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      'x-request-id': expect.stringMatching(/^req_[0-9a-f]{32}$/),
    });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  }
});

test('an http issuer does not ask for https', async () => {
  await using local = await startSite([echo], { issuer: 'http://localhost:3000' });
  expect((await local.get('/echo')).headers).not.toHaveProperty('strict-transport-security');
});

test('a request id sent from outside is not taken over', async () => {
  const { headers } = await site.get('/echo', {
    headers: { host: 'id.example.com', 'x-request-id': 'req_mine' },
  });
  expect(headers['x-request-id']).not.toBe('req_mine');
});
