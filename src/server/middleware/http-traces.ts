import type { Trace } from '../services/operations/tracing/trace.ts';
import type { Step } from './in-one-step.ts';
import { routeLabel } from './route-label.ts';

/** Not worth a trace: they are asked every few seconds, by machines. */
const UNTRACED = new Set(['/healthz', '/readyz', '/metrics']);

/** Makes each request a part of the trace that its caller names, or the beginning of one. */
export function httpTraces(trace: Trace): Step {
  return (c) => {
    if (UNTRACED.has(c.req.path)) return;
    const parent = c.req.header('traceparent');
    const attributes = { 'http.request.method': c.req.method };
    const options = { kind: 'server', parent, attributes } as const;
    return (rest) =>
      trace.span(c.req.method, options, async (span) => {
        await rest();
        const tenantId = (c.get('principal') as { tenantId?: string } | undefined)?.tenantId;
        span.set({
          'http.route': routeLabel(c),
          'http.response.status_code': c.res.status,
          'squaretable.request_id': c.get('requestId'),
          ...(tenantId === undefined ? {} : { 'squaretable.tenant_id': tenantId }),
        });
      });
  };
}
