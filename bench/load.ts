import type { Design } from './designs.ts';

export interface Load {
  perSecond: number;
  /** Latencies in milliseconds, sorted. */
  latenciesMs: Float64Array;
}

/** `callers` who each call again as soon as they are answered, for `seconds`. */
export async function drive(
  design: Design,
  tenants: readonly string[],
  options: { callers: number; seconds: number },
): Promise<Load> {
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + options.seconds * 1000;
  const caller = async () => {
    while (performance.now() < end) {
      const tenant = tenants[Math.floor(Math.random() * tenants.length)]!;
      const called = performance.now();
      await design.call(tenant);
      latencies.push(performance.now() - called);
    }
  };
  await Promise.all(Array.from({ length: options.callers }, caller));
  const elapsedSeconds = (performance.now() - start) / 1000;
  return {
    perSecond: latencies.length / elapsedSeconds,
    latenciesMs: Float64Array.from(latencies).sort(),
  };
}

/** The value below which `percent` of `sorted` lie. */
export function percentile(sorted: ArrayLike<number>, percent: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0;
}

/** Of an even count the middle of both: the upper one alone would make the better of two rounds count. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? 0) + (sorted[Math.floor(half)] ?? 0)) / 2;
}
