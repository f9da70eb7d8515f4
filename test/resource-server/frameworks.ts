import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

import express from 'express';
import Fastify from 'fastify';
import Koa from 'koa';

import { tokenOf, type AuthOptions } from '../../src/resource-server/adapter.ts';
import { expressAuth, expressResourceMetadata } from '../../src/resource-server/express.ts';
import { fastifyAuth, fastifyResourceMetadata } from '../../src/resource-server/fastify.ts';
import { koaAuth, koaResourceMetadata } from '../../src/resource-server/koa.ts';
import { httpAuth, httpResourceMetadata } from '../../src/resource-server/node-http.ts';
import type { ProtectedResource } from '../../src/resource-server/protected-resource.ts';
import type { Verifier } from '../../src/resource-server/verifier.ts';
import type { TestCertificate } from '../support/certificates.ts';

export interface ApiOptions extends AuthOptions {
  readonly verifier: Pick<Verifier, 'authenticate'>;
  readonly about: ProtectedResource;
  /** Serve by TLS and ask for a client certificate. */
  readonly tls?: TestCertificate | undefined;
}

export interface RunningApi extends AsyncDisposable {
  readonly port: number;
  readonly origin: string;
}

/**
 * The same API on every framework. `GET /orders/1` answers with the subject of the token; what a CORS middleware would say of
 * exposed headers stands there before the adapter comes.
 */
export const FRAMEWORKS: Readonly<Record<string, (options: ApiOptions) => Promise<RunningApi>>> = {
  'node:http': ({ verifier, about, tls, ...options }) => {
    const auth = httpAuth(verifier, options);
    const metadata = httpResourceMetadata(about);
    const answer: RequestListener = (req, res) => {
      void (async () => {
        if (metadata(req, res)) return;
        res.setHeader('Access-Control-Expose-Headers', 'X-Total');
        const token = await auth(req, res);
        if (token) res.end(token.subject);
      })();
    };
    return listen(answer, tls);
  },
  Express: ({ verifier, about, tls, ...options }) => {
    const app = express();
    app.use(expressResourceMetadata(about));
    app.use((_req, res, next) => {
      res.set('Access-Control-Expose-Headers', 'X-Total');
      next();
    });
    // A router that is mounted changes `req.url`.
    const orders = express.Router();
    orders.get('/:id', expressAuth(verifier, options), (req, res) => {
      res.send(tokenOf(req).subject);
    });
    app.use('/orders', orders);
    return listen(app, tls);
  },
  Koa: ({ verifier, about, tls, ...options }) => {
    const app = new Koa();
    app.use(koaResourceMetadata(about));
    app.use(async (ctx, next) => {
      ctx.set('Access-Control-Expose-Headers', 'X-Total');
      await next();
    });
    app.use(koaAuth(verifier, options));
    app.use((ctx) => {
      ctx.body = tokenOf(ctx.state).subject;
    });
    const handle = app.callback();
    return listen((req, res) => void handle(req, res), tls);
  },
  Fastify: async ({ verifier, about, tls, ...options }) => {
    const app = Fastify({
      serverFactory: (handler) =>
        tls ? (createTlsServer(tlsOptions(tls), handler) as unknown as Server) : createServer(handler),
    });
    app.addHook('onRequest', fastifyResourceMetadata(about));
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('Access-Control-Expose-Headers', 'X-Total');
    });
    app.get(
      '/orders/:id',
      { onRequest: fastifyAuth(verifier, options) },
      (request) => tokenOf(request).subject,
    );
    await app.listen({ port: 0, host: '127.0.0.1' });
    return running(app.server, tls !== undefined, () => app.close());
  },
};

async function listen(listener: RequestListener, tls: TestCertificate | undefined): Promise<RunningApi> {
  const server = tls ? createTlsServer(tlsOptions(tls), listener) : createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return running(server, tls !== undefined, async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
}

/** RFC 8705 §2.2: the certificate is the client's own; that it has the key is what the handshake shows. */
function tlsOptions({ certificatePem, keyPem }: TestCertificate) {
  return { cert: certificatePem, key: keyPem, requestCert: true, rejectUnauthorized: false };
}

function running(server: Pick<Server, 'address'>, tls: boolean, close: () => Promise<unknown>): RunningApi {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    origin: `${tls ? 'https' : 'http'}://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      await close();
    },
  };
}
