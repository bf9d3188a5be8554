import { AsyncLocalStorage } from 'node:async_hooks';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context } from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler,
} from '@opentelemetry/sdk-trace';
import type { TracesConfig } from '../../../config/traces.ts';
import { errorText } from '../../../log/error-text.ts';
import type { Attributes, Trace } from './trace.ts';

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT };

/** A collector that is away holds no stop up. */
const LAST_SENDING_MS = 2_000;

/** Sends traces to an OTLP collector, by HTTP and JSON. One that is away costs nothing but the traces. */
export function openTrace(config: TracesConfig): Trace {
  const exporter = new OTLPTraceExporter({
    url: `${config.endpoint}/v1/traces`,
    headers: config.headers,
    timeoutMillis: LAST_SENDING_MS,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': config.serviceName }),
    sampler: samplerOf(config),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer('small-squaretable');
  const underWay = new AsyncLocalStorage<Context>();
  const present = () => underWay.getStore() ?? ROOT_CONTEXT;
  return {
    on: true,
    async span(name, { kind, attributes = {}, parent }, work) {
      const from = parent === undefined ? present() : contextOf(parent);
      const options = { attributes, kind: kind ? KINDS[kind] : SpanKind.INTERNAL };
      const span = tracer.startSpan(name, options, from);
      try {
        return await underWay.run(trace.setSpan(from, span), () =>
          work({ set: (more: Attributes) => void span.setAttributes(more) }),
        );
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR, message: errorText(error) });
        throw error;
      } finally {
        span.end();
      }
    },
    current() {
      const span = trace.getSpanContext(present());
      if (!span) return undefined;
      const flags = span.traceFlags.toString(16).padStart(2, '0');
      return `00-${span.traceId}-${span.spanId}-${flags}`;
    },
    close: () =>
      Promise.race([
        provider.shutdown().catch(() => undefined),
        new Promise<void>((resolve) => setTimeout(resolve, LAST_SENDING_MS).unref()),
      ]),
  };
}

/** Where another process was; what is no `traceparent` begins anew. */
function contextOf(traceparent: string): Context {
  const parsed = parseTraceParent(traceparent);
  return parsed ? trace.setSpanContext(ROOT_CONTEXT, { ...parsed, isRemote: true }) : ROOT_CONTEXT;
}

function samplerOf({ sampler, ratio }: TracesConfig): Sampler {
  const roots = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: () => new TraceIdRatioBasedSampler(ratio),
  };
  const [, parentBased, root] = /^(parentbased_)?(.*)$/.exec(sampler)!;
  const made = roots[root as keyof typeof roots]();
  return parentBased ? new ParentBasedSampler({ root: made }) : made;
}
