import { endpoints } from './endpoints.ts';
import type { EndpointKey } from './endpoints.ts';

const patterns = endpoints.map((key) => {
  const [method = '', path = ''] = key.split(' ');
  return { key, method, pattern: new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`), path };
});

/** The endpoint that a request is for: `GET /v1/customers/cus_1?…` → `GET /v1/customers/:id`. */
export function matchEndpoint(method: string, pathAndQuery: string): EndpointKey | null {
  const [path = ''] = pathAndQuery.split('?', 1);
  const matches = patterns.filter((one) => one.method === method && one.pattern.test(path));
  // `/v1/customers/search` is itself before it is a customer called search.
  return (matches.find((one) => one.path === path) ?? matches[0])?.key ?? null;
}
