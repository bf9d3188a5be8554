import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A part of a trace as it was sent. */
export interface CollectedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  name: string;
  attributes: Record<string, string | number | boolean>;
  failed: boolean;
}

interface Sent {
  resourceSpans: {
    scopeSpans: {
      spans: {
        traceId: string;
        spanId: string;
        parentSpanId?: string;
        name: string;
        attributes: { key: string; value: Record<string, string | number | boolean> }[];
        status: { code?: number };
      }[];
    }[];
  }[];
}

export interface TraceCollector {
  url: string;
  spans: CollectedSpan[];
  /** Everything that came, as it came. */
  bodies: string[];
  stop(): Promise<void>;
}

/** Takes traces by OTLP over HTTP as JSON, as a collector does. */
export async function startTraceCollector(): Promise<TraceCollector> {
  const spans: CollectedSpan[] = [];
  const bodies: string[] = [];
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString();
      if (request.url === '/v1/traces') {
        bodies.push(body);
        spans.push(...spansOf(JSON.parse(body) as Sent));
      }
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bodies,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function spansOf({ resourceSpans }: Sent): CollectedSpan[] {
  return resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))
    .map(({ traceId, spanId, parentSpanId, name, attributes, status }) => ({
      ...{ traceId, spanId, parentSpanId: parentSpanId || undefined, name },
      attributes: Object.fromEntries(
        attributes.map(({ key, value }) => [key, Object.values(value)[0]!]),
      ),
      failed: status.code === 2,
    }));
}
