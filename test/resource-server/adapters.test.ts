import { once } from 'node:events';
import { request as tlsRequest } from 'node:https';
import { connect } from 'node:net';

import { describe, expect, test } from 'vitest';

import { createAuthenticator, tokenOf } from '../../src/resource-server/adapter.ts';
import { TokenError } from '../../src/resource-server/token-error.ts';
import type { Requirements, ResourceRequest, VerifiedToken } from '../../src/resource-server/verifier.ts';
import { sendRaw, type RawRequest } from '../standards/http.ts';
import { makeCertificate, type TestCertificate } from '../support/certificates.ts';
import { FRAMEWORKS, type ApiOptions } from './frameworks.ts';

const TOKEN: VerifiedToken = {
  claims: { sub: 'acc_ada' },
  subject: 'acc_ada',
  clientId: 'cli_shop',
  scopes: new Set(['orders:read']),
  scheme: 'Bearer',
  senderConstrained: false,
};

const about = { resource: 'https://api.example/orders', authorizationServers: ['https://login.example'] };

type Seen = ResourceRequest & { readonly requirements: Requirements | undefined };

/** Answers as it is told and remembers what it was asked: what is tested here is what goes in and what comes out. */
function makeVerifier(outcome: VerifiedToken | Error = TOKEN) {
  const seen: Seen[] = [];
  return {
    seen,
    verifier: {
      authenticate(request: ResourceRequest, requirements?: Requirements) {
        // A copy: the certificate is read only when it is asked for.
        seen.push({ ...request, requirements });
        return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
      },
    },
  };
}

const refused = new TokenError('use_dpop_nonce', 'The DPoP proof needs a nonce.', {
  status: 401,
  headers: { 'WWW-Authenticate': ['Bearer', 'DPoP error="use_dpop_nonce"'], 'DPoP-Nonce': 'n-1' },
  cause: new Error('hidden cause'),
});

describe.each(Object.entries(FRAMEWORKS))('%s', (_name, start) => {
  const ask = async (
    options: Partial<ApiOptions> & { readonly outcome?: VerifiedToken | Error },
    request: Partial<RawRequest> = {},
  ) => {
    const { outcome, ...rest } = options;
    const { verifier, seen } = makeVerifier(outcome);
    await using api = await start({ verifier, about, ...rest });
    const answer = await sendRaw({ path: '/orders/1?a=b', ...request, port: api.port });
    return { answer, seen, port: api.port };
  };

  test('a good token gets through, and the handler sees it', async () => {
    const headers = { Authorization: 'Bearer one' };
    const requirements = { scopes: ['orders:read'], anyScope: ['a', 'b'], acrValues: ['mfa'], maxAge: 60 };
    const { answer, seen, port } = await ask(requirements, { headers });
    expect([answer.status, answer.text]).toEqual([200, 'acc_ada']);
    expect(seen).toEqual([
      {
        method: 'GET',
        url: `http://127.0.0.1:${port}/orders/1?a=b`,
        authorization: ['Bearer one'],
        dpop: [],
        certificate: undefined,
        requirements,
      },
    ]);
  });

  test('a refusal is answered with its status, headers and words, and the handler is not reached', async () => {
    const errors: unknown[] = [];
    const { answer } = await ask({ outcome: refused, onError: (error) => errors.push(error) });
    expect(answer.status).toBe(401);
    expect(answer.json).toEqual({
      error: 'use_dpop_nonce',
      error_description: 'The DPoP proof needs a nonce.',
    });
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer, DPoP error="use_dpop_nonce"');
    expect(answer.headers.get('dpop-nonce')).toBe('n-1');
    expect(errors).toEqual([refused]);
  });

  test('DP-12 a client in a browser can read the challenge and the nonce, and what the API exposes besides', async () => {
    const { answer } = await ask({ outcome: refused });
    expect(answer.headers.get('access-control-expose-headers')).toBe(
      'X-Total, WWW-Authenticate, DPoP-Nonce, Retry-After',
    );
  });

  test('503 says when to come again', async () => {
    const outcome = new TokenError('status_unavailable', 'Not now.', {
      status: 503,
      headers: { 'Retry-After': '1' },
    });
    const { answer } = await ask({ outcome });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(answer.headers.get('www-authenticate')).toBeNull();
  });

  test('a bug is answered with 500 and tells nobody anything but its hearer', async () => {
    const bug = new Error('password is hunter2');
    const errors: unknown[] = [];
    const { answer } = await ask({ outcome: bug, onError: (error) => errors.push(error) });
    expect([answer.status, answer.json['error']]).toEqual([500, 'server_error']);
    expect(answer.text + JSON.stringify([...answer.headers])).not.toMatch(/hunter2|\.ts/);
    expect(errors).toEqual([bug]);
  });

  test('DP-01 a header that comes twice reaches the verifier twice', async () => {
    const { verifier, seen } = makeVerifier();
    await using api = await start({ verifier, about });
    const socket = connect(api.port, '127.0.0.1');
    socket.end(
      'GET /orders/1 HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n' +
        'Authorization: Bearer one\r\nAUTHORIZATION: DPoP two\r\nDPoP: a.b.c\r\ndpop: d.e.f\r\n\r\n',
    );
    await once(socket.resume(), 'close');
    expect(seen[0]).toMatchObject({
      authorization: ['Bearer one', 'DPoP two'],
      dpop: ['a.b.c', 'd.e.f'],
    });
  });

  describe('the address that a proof must name', () => {
    const forwarded = { Host: 'internal:1', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'api.example' };
    const urlOf = async (options: Partial<ApiOptions>, request: Partial<RawRequest>) =>
      (await ask(options, request)).seen[0]?.url;

    test('is of the origin that was given, whatever the request says', async () => {
      const request = { headers: forwarded };
      expect(await urlOf({ origin: 'https://api.example/' }, request)).toBe(
        'https://api.example/orders/1?a=b',
      );
      expect(await urlOf({ origin: 'https://API.example/v1' }, request)).toBe(
        'https://api.example/v1/orders/1?a=b',
      );
    });

    test('believes forwarding headers only when told to, and only one value', async () => {
      expect(await urlOf({}, { headers: forwarded })).toBe('http://internal:1/orders/1?a=b');
      const options = { trustForwarded: true };
      expect(await urlOf(options, { headers: forwarded })).toBe('https://api.example/orders/1?a=b');
      const twice = { ...forwarded, 'X-Forwarded-Host': 'evil.example, api.example' };
      expect(await urlOf(options, { headers: twice })).toBe('https://internal:1/orders/1?a=b');
    });
  });

  describe('RFC 8705 the client certificate', () => {
    const client = makeCertificate('client.example');

    test('is the one of the TLS connection', async () => {
      const { verifier, seen } = makeVerifier();
      await using api = await start({ verifier, about, tls: makeCertificate('localhost') });
      expect(await getByTls(api.port, client)).toBe('acc_ada');
      expect(await getByTls(api.port)).toBe('acc_ada');
      expect(seen.map(({ certificate }) => certificate)).toEqual([client.der, undefined]);
      expect(seen[0]?.url).toBe(`https://127.0.0.1:${api.port}/orders/1`);
    });

    test('is what the proxy says, when the API says where', async () => {
      const certificate: ApiOptions['certificate'] = (req) => req.headers['x-client-cert'];
      const certificateOf = async (value?: string | string[]) => {
        const headers = value === undefined ? {} : { 'X-Client-Cert': value };
        return (await ask({ certificate }, { headers })).seen[0]?.certificate;
      };
      const escaped = encodeURIComponent(client.certificatePem);
      expect(await certificateOf(escaped)).toBe(escaped);
      expect(await certificateOf(['one', 'two'])).toBe('one, two');
      expect(await certificateOf('')).toBeUndefined();
      expect(await certificateOf()).toBeUndefined();
    });

    test('is not taken from a header that nobody named', async () => {
      const headers = { 'X-Client-Cert': client.certificatePem.replaceAll('\n', ' '), 'Client-Cert': 'x' };
      expect((await ask({}, { headers })).seen[0]?.certificate).toBeUndefined();
    });
  });

  test('RFC 9728 the metadata is served without a token, and nothing else is', async () => {
    const path = '/.well-known/oauth-protected-resource/orders';
    const { answer, seen } = await ask({ outcome: refused }, { path });
    expect([answer.status, answer.json['resource']]).toEqual([200, about.resource]);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('cache-control')).toBe('public, max-age=3600');
    expect(seen).toEqual([]);

    const head = (await ask({}, { path, method: 'HEAD' })).answer;
    expect([head.status, head.text]).toEqual([200, '']);
    expect((await ask({}, { path, method: 'OPTIONS' })).answer.status).toBe(204);
    expect((await ask({}, { path, method: 'POST' })).answer.status).toBe(405);
    const other = await ask({ outcome: refused }, { path: `${path}/x` });
    expect(other.answer.json).not.toHaveProperty('resource');
  });
});

/** A request with or without a client certificate, and the body of the answer. */
async function getByTls(port: number, certificate?: TestCertificate): Promise<string> {
  const request = tlsRequest({
    host: '127.0.0.1',
    port,
    path: '/orders/1',
    agent: false,
    rejectUnauthorized: false,
    ...(certificate && { cert: certificate.certificatePem, key: certificate.keyPem }),
  }).end();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request.on('error', reject).on('response', (response) => {
    let text = '';
    response.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', () => resolve(text));
  });
  return promise;
}

describe('whatever the framework', () => {
  const from = (target: string, headers: Record<string, string> = {}, origin?: string) => {
    const { verifier, seen } = makeVerifier();
    const authenticate = createAuthenticator(verifier, { origin });
    return authenticate({ method: 'GET', headers, socket: {} }, target).then(() => seen[0]?.url);
  };

  test('a target cannot change the host', async () => {
    const origin = 'https://api.example';
    expect(await from('//evil.example/x', {}, origin)).toBe('https://api.example//evil.example/x');
    expect(await from('http://evil.example/x', {}, origin)).toBe('https://api.example/x');
    expect(await from('@evil.example/x', {}, origin)).toBe('https://api.example/@evil.example/x');
    expect(await from('.evil.example/x', {}, origin)).toBe('https://api.example/.evil.example/x');
    expect(await from('http://evil.example', {}, origin)).toBe('https://api.example/');
    expect(await from('', {}, origin)).toBe('https://api.example/');
    expect(await from('/x', { ':authority': 'h2.example' })).toBe('http://h2.example/x');
  });

  test('an origin that is none is refused at the start', () => {
    const { verifier } = makeVerifier();
    for (const origin of [
      '',
      'api.example',
      'ftp://api.example',
      'https://api.example?x',
      'https://u@api.example',
    ]) {
      expect(() => createAuthenticator(verifier, { origin }), origin).toThrow(TypeError);
    }
  });

  test('a hearer that throws changes no answer', async () => {
    const { verifier } = makeVerifier(refused);
    const warned = once(process, 'warning');
    const authenticate = createAuthenticator(verifier, {
      onError() {
        throw new Error('the log is full');
      },
    });
    const outcome = await authenticate({ method: 'GET', headers: {}, socket: {} }, '/');
    expect(outcome).toMatchObject({ ok: false, answer: { status: 401 } });
    expect(await warned).toMatchObject([{ message: 'the log is full' }]);
  });

  test('a handler without adapter before it finds no token', () => {
    expect(tokenOf({ auth: TOKEN })).toBe(TOKEN);
    for (const place of [{}, { auth: undefined }, { auth: null }, { auth: 'Bearer' }]) {
      expect(() => tokenOf(place)).toThrow(TypeError);
    }
  });
});
