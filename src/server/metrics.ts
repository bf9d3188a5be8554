import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';

/** What `/metrics` shows. Each part of the product registers its own gauges in `registry`. */
export interface Metrics {
  registry: Registry;
  /** Seconds from a request's first byte to its answer's headers, by route pattern. */
  httpSeconds: Histogram<'method' | 'route' | 'status'>;
}

/** A registry of this process with its memory, event loop and HTTP figures. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const httpSeconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time until the answer begins, by route pattern.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  return { registry, httpSeconds };
}
