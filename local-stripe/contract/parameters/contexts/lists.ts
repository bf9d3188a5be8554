import { endpoints } from '../../../schema/index.ts';
import type { EndpointKey } from '../../../schema/index.ts';
import type { Context, Contexts, MakeContext, Send } from './shop.ts';
import { furnish } from './seeded-account.ts';
import type { SeededIds } from './seeded-account.ts';

/** What only reads leaves all as it is: one town is enough for every list. */
const towns = new WeakMap<Send, Promise<SeededIds>>();
function townOf(send: Send): Promise<SeededIds> {
  const known = towns.get(send) ?? furnish(send);
  towns.set(send, known);
  return known;
}

/** What a list cannot be asked for without. */
const needed: Partial<Record<EndpointKey, (town: SeededIds) => Record<string, string>>> = {
  'GET /v1/subscription_items': ({ other_subscription: one }) => ({ subscription: one! }),
  'GET /v1/entitlements/active_entitlements': ({ customer }) => ({ customer: customer! }),
};
/** Whose filters want others than the first of everything. */
const others: Partial<Record<EndpointKey, (town: SeededIds) => Record<string, string>>> = {
  'GET /v1/subscription_items': ({ subscription: one }) => ({ subscription: one! }),
  'GET /v1/entitlements/active_entitlements': ({ other_customer: one }) => ({ customer: one! }),
};

const list =
  (endpoint: EndpointKey): MakeContext =>
  async (send): Promise<Context> => {
    const town = await townOf(send);
    const path = endpoint
      .replace('GET ', '')
      .replace(/\/(\w+)\/:id\//, (_all, kind: string) => `/${kind}/${town[kind]!}/`);
    const isSearch = path.endsWith('/search');
    const query = /products|prices/.test(path) ? 'active:"true"' : 'created>0';
    const form = isSearch ? { query, limit: '1' } : (needed[endpoint]?.(town) ?? {});
    const answer = await send('GET', path, form);
    const known: Record<string, string> = { ...town, ...others[endpoint]?.(town) };
    if (isSearch)
      return {
        path,
        form,
        known: {
          ...known,
          page: String(answer.next_page),
          query: query.replace('true', 'false').replace('>', '<'),
        },
      };
    const { data } = answer as { data: { id: string }[] };
    const cursors = { starting_after: data[0]!.id, ending_before: data.at(-1)!.id };
    return { path, form, known: { ...known, ...cursors } };
  };

export const listContexts: Contexts = Object.fromEntries(
  endpoints
    .filter((endpoint) => /^GET .*(\/[a-z_]+)$/.test(endpoint) && !/:\w+$/.test(endpoint))
    .filter(
      (endpoint) => !/(account|balance|preview|preview\/lines|event_summaries)$/.test(endpoint),
    )
    .map((endpoint) => [endpoint, [list(endpoint)]]),
);
