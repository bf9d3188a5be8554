import Stripe from 'stripe';
import { checkEvent, checkResponse, matchEndpoint } from '../../schema/index.ts';
import type { EndpointKey } from '../../schema/index.ts';

type HttpClient = NonNullable<NonNullable<ConstructorParameters<typeof Stripe>[1]>['httpClient']>;

/** One successful answer, for those who count what was covered. */
export type Seen = (endpoint: EndpointKey) => void;

/**
 * The SDK's own HTTP client, with a look at every answer before the SDK reads it: a 200 must be
 * what the endpoint's type declares (events by their own type), an error must have the shape of one.
 */
export function checkedHttpClient(seen: Seen = () => {}): HttpClient {
  const inner = Stripe.createNodeHttpClient();
  return {
    getClientName: () => inner.getClientName(),
    async makeRequest(host, port, path, method, ...rest) {
      const response = await inner.makeRequest(host, port, path, method, ...rest);
      const readJson = response.toJSON.bind(response);
      response.toJSON = async () => {
        const body = await readJson();
        assertBody(method, path, response.getStatusCode(), body, seen);
        return body;
      };
      return response;
    },
  };
}

function assertBody(method: string, path: string, status: number, body: unknown, seen: Seen): void {
  const endpoint = matchEndpoint(method, path);
  if (status === 200 && endpoint !== null) {
    const found = [
      ...checkResponse(endpoint, body),
      ...eventsIn(endpoint, body).flatMap(checkEvent),
    ];
    if (found.length > 0) throw new Error(`${method} ${path}: ${found.slice(0, 10).join('\n')}`);
    seen(endpoint);
    return;
  }
  const { error } = body as { error?: { type?: unknown; message?: unknown } };
  if (typeof error?.type !== 'string' || typeof error.message !== 'string') {
    throw new Error(
      `${method} ${path} answered ${status} with ${JSON.stringify(body).slice(0, 200)}`,
    );
  }
}

function eventsIn(endpoint: EndpointKey, body: unknown): unknown[] {
  if (endpoint === 'GET /v1/events/:id') return [body];
  return endpoint === 'GET /v1/events' ? (body as { data: unknown[] }).data : [];
}
