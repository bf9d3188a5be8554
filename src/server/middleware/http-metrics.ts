import type { Metrics } from '../metrics.ts';
import type { Step } from './in-one-step.ts';
import { routeLabel } from './route-label.ts';

const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']);

/**
 * Times each request. Labels are route patterns, never addresses, or strangers could fill the
 * memory with time series: whatever no route took is `other`.
 */
export function httpMetrics({ httpSeconds }: Metrics): Step {
  return (c) => {
    const begun = performance.now();
    return (rest) =>
      rest().then(() => {
        httpSeconds.observe(
          {
            method: METHODS.has(c.req.method) ? c.req.method : 'other',
            route: routeLabel(c),
            status: c.res.status,
          },
          (performance.now() - begun) / 1000,
        );
      });
  };
}
