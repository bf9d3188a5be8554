import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

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

/** A counter whose every outcome is there from the start: what appears later has no rate before. */
export function outcomeCounter(
  registry: Registry,
  { name, help }: { name: string; help: string },
  outcomes: readonly string[],
): Counter<'outcome'> {
  const counter = new Counter({
    name,
    help,
    labelNames: ['outcome'] as const,
    registers: [registry],
  });
  for (const outcome of outcomes) counter.inc({ outcome }, 0);
  return counter;
}

/** One line of a gauge. */
export interface Reading<L extends string = never> {
  labels?: Record<L, string>;
  value: number;
}

/** Below the ten seconds that Prometheus waits unless told. */
const READ_WITHIN_MS = 3_000;

/**
 * Registers a gauge that `read` fills whenever somebody asks. What cannot be read in time is left out:
 * an old figure would be taken for a new one, and the other gauges are still of use.
 */
export function registerReading<L extends string = never>(
  registry: Registry,
  { name, help, labelNames = [] }: { name: string; help: string; labelNames?: readonly L[] },
  read: () => Promise<readonly Reading<L>[]>,
): void {
  new Gauge({
    name,
    help,
    labelNames,
    registers: [registry],
    async collect() {
      const readings = await inTime(read());
      this.reset();
      // One without labels would say 0.
      if (readings === undefined && labelNames.length === 0) this.remove();
      for (const { labels, value } of readings ?? []) {
        if (labels) this.set(labels as never, value);
        else this.set(value);
      }
    },
  });
}

/** What is read; `undefined` where that fails or takes longer than so many milliseconds. */
export async function inTime<T>(
  reading: Promise<T>,
  milliseconds = READ_WITHIN_MS,
): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  try {
    return await Promise.race([reading.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Seconds since an instant that a task has noted; -1 before it ran for the first time. */
export function ageSeconds(at: unknown, now: Date): number {
  const instant = typeof at === 'string' ? Date.parse(at) : Number.NaN;
  return Number.isNaN(instant) ? -1 : Math.max(0, (now.getTime() - instant) / 1000);
}
