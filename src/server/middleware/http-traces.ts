import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';
import type { AppEnv } from '../app-env.ts';
import type { Trace } from '../services/operations/tracing/trace.ts';

/** Not worth a trace: they are asked every few seconds, by machines. */
const UNTRACED = new Set(['/healthz', '/readyz', '/metrics']);

/** Makes each request a part of the trace that its caller names, or the beginning of one. */
export function httpTraces(trace: Trace) {
  return createMiddleware<AppEnv>((c, next) => {
    if (UNTRACED.has(c.req.path)) return next();
    const parent = c.req.header('traceparent');
    const attributes = { 'http.request.method': c.req.method };
    return trace.span(c.req.method, { kind: 'server', parent, attributes }, async (span) => {
      await next();
      const pattern = routePath(c);
      const tenantId = (c.get('principal') as { tenantId?: string } | undefined)?.tenantId;
      span.set({
        'http.route': pattern.includes('*') ? 'other' : pattern,
        'http.response.status_code': c.res.status,
        'squaretable.request_id': c.get('requestId'),
        ...(tenantId === undefined ? {} : { 'squaretable.tenant_id': tenantId }),
      });
    });
  });
}
