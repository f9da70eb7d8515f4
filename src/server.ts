import { createServer, type RequestListener, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { createApp } from './app.ts';
import { SERVER_OPTIONS } from './http/limits.ts';
import { linkMails } from './interactions/link-mails.ts';
import { startJobs } from './jobs/start-jobs.ts';
import { startMailDelivery } from './mail/deliver-mail.ts';
import { startLogoutDelivery } from './oidc/deliver-logouts.ts';
import type { Services } from './services.ts';
import { startWebhookDelivery } from './webhooks/deliver-webhooks.ts';

export interface Server {
  readonly port: number;
  readonly metricsPort: number | undefined;
  /** Refuses new work, finishes what is under way, stops what runs by itself. */
  close(): Promise<void>;
}

/** For a load balancer to see `/readyz` fail before connections are refused. Short in development. */
const READINESS_NOTICE_MS = { development: 0, production: 2000 } as const;

export async function startServer(services: Services): Promise<Server> {
  const { config } = services;
  let draining = false;
  const app = createApp(services, { isDraining: () => draining });
  const http = await listen(app.listener, config.listen);
  const metrics =
    config.metrics.port === undefined
      ? undefined
      : await listen(metricsListener(services), { host: config.metrics.host, port: config.metrics.port });
  const jobs = startJobs(services);
  const logouts = startLogoutDelivery(services);
  const mails = startMailDelivery(services, linkMails);
  const webhooks = startWebhookDelivery(services);

  return {
    port: portOf(http),
    metricsPort: metrics && portOf(metrics),
    async close() {
      draining = true;
      await sleep(READINESS_NOTICE_MS[config.mode]);
      app.close();
      const stopped = [logouts.stop(), mails.stop(), webhooks.stop(), jobs.stop()];
      await Promise.all([closeHttp(http, config.shutdownSeconds * 1000), ...stopped]);
      if (metrics) await closeHttp(metrics, 0);
    },
  };
}

async function listen(listener: RequestListener, at: { host: string; port: number }): Promise<HttpServer> {
  const server = createServer(SERVER_OPTIONS, listener);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(at.port, at.host, resolve);
  await promise;
  return server;
}

/** Lets requests under way finish for so long, then cuts them off. */
async function closeHttp(server: HttpServer, graceMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await promise;
  clearTimeout(timer);
}

function metricsListener({ metrics, log }: Services): RequestListener {
  return (req, res) => {
    if (req.method !== 'GET' || req.url !== '/metrics') {
      res.writeHead(404).end();
      return;
    }
    metrics.registry.metrics().then(
      (text) => res.writeHead(200, { 'Content-Type': metrics.registry.contentType }).end(text),
      (error: unknown) => {
        log.error({ err: error }, 'metrics could not be collected');
        res.writeHead(500).end();
      },
    );
  };
}

function portOf(server: HttpServer): number {
  return (server.address() as AddressInfo).port;
}
