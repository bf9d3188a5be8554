import type { Env } from './env.ts';
import type { SAMPLERS } from './trace-variables.ts';

export interface TracesConfig {
  /** Of the collector, without a trailing slash. */
  endpoint: string;
  headers: Record<string, string>;
  serviceName: string;
  sampler: (typeof SAMPLERS)[number];
  /** Which share is kept, for the samplers by ratio: 0 to 1. */
  ratio: number;
}

/** Traces are made where there is a collector to send them to. */
export function decideTraces(env: Env): TracesConfig | undefined {
  if (env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined) return undefined;
  return {
    endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT.replace(/\/+$/, ''),
    headers: env.OTEL_EXPORTER_OTLP_HEADERS,
    serviceName: env.OTEL_SERVICE_NAME,
    sampler: env.OTEL_TRACES_SAMPLER,
    ratio: env.OTEL_TRACES_SAMPLER_ARG ?? 1,
  };
}
