import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

import { pathOf, type Middleware } from './middleware.ts';

/** What a process counts. Labels take few values on purpose: no client, account or address among them. */
export interface Metrics {
  readonly registry: Registry;
  readonly issued: Counter<'outcome'>;
  readonly requests: Histogram<'method' | 'route' | 'status'>;
  /** Requests under way. */
  readonly inFlight: Gauge;
  /** From the transaction of a revocation to the moment this process knows of it and has told its streams. */
  readonly revocationPropagation: Histogram;
  readonly streams: Gauge;
  readonly streamsDropped: Counter<'reason'>;
}

/** From a token out of memory to a sign-in that waits for its hash. */
const DURATION_BUCKETS_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

const PROPAGATION_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    issued: new Counter({
      name: 'guichet_issues_total',
      help: 'What was to be issued, by what became of it: issued, spent (a code or refresh token used before), ended.',
      labelNames: ['outcome'],
      registers: [registry],
    }),
    requests: new Histogram({
      name: 'guichet_http_request_duration_seconds',
      help: 'Duration of requests by route and status.',
      labelNames: ['method', 'route', 'status'],
      buckets: DURATION_BUCKETS_SECONDS,
      registers: [registry],
    }),
    inFlight: new Gauge({
      name: 'guichet_http_requests_in_flight',
      help: 'Requests under way.',
      registers: [registry],
    }),
    revocationPropagation: new Histogram({
      name: 'guichet_revocation_propagation_seconds',
      help: 'From the transaction of a revocation until this process has told the streams it holds open.',
      buckets: PROPAGATION_BUCKETS_SECONDS,
      registers: [registry],
    }),
    streams: new Gauge({
      name: 'guichet_revocation_streams',
      help: 'Open streams of revocations.',
      registers: [registry],
    }),
    streamsDropped: new Counter({
      name: 'guichet_revocation_streams_dropped_total',
      help: 'Streams ended from here: slow (the reader did not keep up), refused (its client may no longer), renewed, closing.',
      labelNames: ['reason'],
      registers: [registry],
    }),
  };
}

/** `routeOf` names the route, from a bounded set. */
export function measure(metrics: Metrics, routeOf: (path: string) => string): Middleware {
  return async function measureRequest(ctx, next) {
    const startedAt = performance.now();
    metrics.inFlight.inc();
    try {
      await next();
    } finally {
      metrics.inFlight.dec();
      metrics.requests.observe(
        { method: ctx.method, route: routeOf(pathOf(ctx)), status: ctx.status },
        (performance.now() - startedAt) / 1000,
      );
    }
  };
}
