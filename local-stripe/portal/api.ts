import type { Kernel } from '../kernel/kernel.ts';
import type { Context, Params } from '../kernel/types.ts';
import type { EndpointKey } from '../schema/index.ts';

/**
 * Does within this transaction what the API would do: a button of the portal is a call of the API,
 * so the two can never behave differently. `params` as the schema would hand them on (null: unset).
 */
export function callApi<T>(
  kernel: Kernel,
  ctx: Context,
  endpoint: EndpointKey,
  id: string | null,
  params: object = {},
): T {
  for (const { routes } of kernel.resources) {
    for (const route of routes) {
      if (`${route.method} ${route.path}` !== endpoint) continue;
      return route.handle(ctx, params as Params, id === null ? {} : { id }) as T;
    }
  }
  throw new Error(`the local Stripe has no ${endpoint}`);
}
