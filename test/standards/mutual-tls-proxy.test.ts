import https from 'node:https';

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { makeCertificate, type TestCertificate } from '../support/certificates.ts';
import { makeApi, makeClient, ORDERS } from '../support/factories.ts';
import { findProgram, startGateway, type GatewayProcess } from '../support/gateway-process.ts';
import { freePort, startTestServer, type TestServer } from '../support/server.ts';
import { basic, form } from './http.ts';

/** RFC 8705 as it is run: TLS ends at Debian's nginx, which passes the certificate on. */
const nginx = findProgram('nginx');

const site = (port: number, server: number) => `
  pid @FOLDER@/nginx.pid;
  error_log stderr warn;
  ${process.getuid?.() === 0 ? 'user root;' : ''}
  events { worker_connections 64; }
  http {
    access_log off;
    client_body_temp_path @FOLDER@/body;
    proxy_temp_path @FOLDER@/proxy;
    fastcgi_temp_path @FOLDER@/fastcgi;
    uwsgi_temp_path @FOLDER@/uwsgi;
    scgi_temp_path @FOLDER@/scgi;
    server {
      listen 127.0.0.1:${port} ssl;
      ssl_certificate @FOLDER@/server.pem;
      ssl_certificate_key @FOLDER@/server.key;
      ssl_verify_client optional_no_ca;
      location / {
        proxy_pass http://127.0.0.1:${server};
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header Client-Cert $ssl_client_escaped_cert;
      }
    }
  }`;

describe.skipIf(nginx === undefined)('certificates through nginx', () => {
  const [own, other] = [makeCertificate('own'), makeCertificate('other')];
  let server: TestServer;
  let proxy: GatewayProcess;
  let port: number;
  let authorization: string;

  beforeAll(async () => {
    port = await freePort();
    server = await startTestServer({
      env: {
        GUICHET_ISSUER: `https://localhost:${port}`,
        GUICHET_TRUSTED_PROXIES: '127.0.0.1',
        GUICHET_CLIENT_CERTIFICATE_HEADER: 'Client-Cert',
      },
    });
    await makeApi(server.services);
    const { id, secret = '' } = await makeClient(server.services, 'machine', {
      apis: [{ audience: ORDERS, scopes: ['orders:read'] }],
      metadata: { tls_client_certificate_bound_access_tokens: true },
    });
    authorization = basic(id, secret);
    proxy = await startGateway(nginx ?? '', {
      port,
      files: {
        'nginx.conf': site(port, server.services.config.listen.port),
        'server.pem': other.certificatePem,
        'server.key': other.keyPem,
      },
      args: (folder) => ['-p', folder, '-c', `${folder}/nginx.conf`, '-e', 'stderr', '-g', 'daemon off;'],
    });
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  function askForToken(
    certificate?: TestCertificate,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ status: number; json: Record<string, unknown> }> {
    const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<typeof askForToken>>>();
    const request = https.request(
      {
        host: '127.0.0.1',
        port,
        method: 'POST',
        path: '/token',
        agent: false,
        rejectUnauthorized: false,
        ...(certificate ? { cert: certificate.certificatePem, key: certificate.keyPem } : {}),
        headers: {
          Host: `localhost:${port}`,
          'Content-Type': 'application/x-www-form-urlencoded',
          Authorization: authorization,
          ...headers,
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, json: JSON.parse(text) }));
      },
    );
    const fields = { grant_type: 'client_credentials', resource: ORDERS, scope: 'orders:read' };
    request.on('error', reject).end(form(fields).toString());
    return promise;
  }

  test('the token is bound to the certificate of the connection', async () => {
    const { status, json } = await askForToken(own);
    expect(status, JSON.stringify(json)).toBe(200);
    expect(decodeJwt(String(json['access_token']))['cnf']).toEqual({ 'x5t#S256': own.thumbprint });
  });

  test('without one there is no token, whatever the client writes into headers', async () => {
    const refused = { status: 400, json: { error: 'invalid_grant' } };
    expect(await askForToken()).toMatchObject(refused);
    for (const name of ['Client-Cert', 'client_cert', 'X-Client-Cert']) {
      expect(await askForToken(undefined, { [name]: own.escaped })).toMatchObject(refused);
    }
    const { json } = await askForToken(other, { 'Client-Cert': own.escaped });
    expect(decodeJwt(String(json['access_token']))['cnf']).toEqual({ 'x5t#S256': other.thumbprint });
  });
});
