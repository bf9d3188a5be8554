import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLocalStripe } from '../../index.ts';
import type { LocalStripe } from '../../index.ts';
import { StripeError } from '../../kernel/errors.ts';
import type { Change } from '../../kernel/store.ts';
import { endpoints } from '../../schema/index.ts';
import { isSandbox } from '../support/subject.ts';
import { Pool } from './pool.ts';
import { Random } from './random.ts';
import { makeRequest } from './request.ts';
import type { FuzzRequest } from './request.ts';
import { ValueMaker } from './values.ts';

const count = Number(process.env.STRIPE_FUZZ_COUNT ?? 20_000);
const seed = Number(process.env.STRIPE_FUZZ_SEED ?? 20_261_123);

/** Endpoints that others need objects of come more often. */
const weighted = endpoints.flatMap((endpoint) => {
  if (/^POST \/v1\/(customers|products|prices|subscriptions|invoices)(\/:id)?$/.test(endpoint)) {
    return Array.from({ length: 8 }, () => endpoint);
  }
  return endpoint.startsWith('DELETE') ? [endpoint] : [endpoint, endpoint];
});

let local: LocalStripe;
const complaints: string[] = [];

beforeAll(async () => {
  const log = (message: string) => complaints.push(message);
  local = await startLocalStripe({ port: 0, checkResponses: true, seed: 'fuzz', log });
});
afterAll(() => local.close());

/**
 * What requests that were refused have changed all the same. (A declined payment leaves its charge
 * and is no such refusal; events that are a month old go by time alone.)
 */
function watchRefusals({ kernel }: LocalStripe): string[] {
  const traces: string[] = [];
  let changes: Change[] | null = null;
  kernel.store.onCommit((committed) => changes?.push(...committed));
  const run = kernel.runRecorded.bind(kernel);
  kernel.runRecorded = (work, request, record) => {
    let refusal: StripeError | null = null;
    changes = [];
    run(work, request, (outcome) => {
      const error = 'error' in outcome ? outcome.error : null;
      if (error instanceof StripeError && !error.keepsChanges) refusal = error;
      record(outcome);
    });
    for (const { kind, id, value } of refusal === null ? [] : changes) {
      // Events of a month ago and their deliveries are forgotten whatever is asked.
      const isForgotten = value === null && (kind === '_event' || kind === '_delivery');
      if (!isForgotten) traces.push(`${kind} ${id} after: ${String(refusal)}`);
    }
    changes = null;
  };
  return traces;
}

async function send(request: FuzzRequest): Promise<{ status: number; body: unknown }> {
  const isPost = request.method === 'POST';
  const url = `${local.url}${request.path}${isPost || request.form === '' ? '' : `?${request.form}`}`;
  const response = await local.fetch(
    new Request(url, {
      method: request.method,
      headers: {
        authorization: 'Bearer sk_test_fuzz',
        'content-type': 'application/x-www-form-urlencoded',
      },
      ...(isPost ? { body: request.form } : {}),
    }),
  );
  return { status: response.status, body: await response.json() };
}

// The server checks every answer and event against the schema itself: what leaves it is a 500.
test.skipIf(isSandbox)(
  `${count} random requests get answers that the SDK declares, or refusals`,
  { timeout: 60_000 + count * 15 },
  async () => {
    const random = new Random(seed);
    const pool = new Pool(random);
    const values = new ValueMaker(random, pool, Math.floor(Date.now() / 1000));
    const statuses: Record<number, number> = {};
    const traces = watchRefusals(local);
    const answered = new Set<string>();
    const broken: string[] = [];
    for (let i = 0; i < count && broken.length < 20; i += 1) {
      const request = makeRequest(random.pick(weighted), random, pool, values);
      const { status, body } = await send(request);
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (status === 200) answered.add(request.endpoint);
      if (status === 200) pool.learn(body);
      const [, product] = /^\/v1\/products\/([^/]+)\/features$/.exec(request.path) ?? [];
      if (product !== undefined) pool.own(String((body as { id?: unknown }).id), product);
      const { error } = body as { error?: { type?: string; message?: string } };
      if (status >= 500 || (status !== 200 && typeof error?.message !== 'string')) {
        const shown = decodeURIComponent(request.form).slice(0, 500);
        broken.push(`${request.method} ${request.path} ${shown} → ${status} ${error?.message}`);
      }
      if (i % 1000 === 999) values.now = await local.advanceTo(values.now + 3 * 86_400);
    }
    expect(broken).toEqual([]);
    expect(complaints).toEqual([]);
    // 8.3: a refused call leaves nothing behind.
    expect(traces).toEqual([]);
    expect(statuses[200] ?? 0).toBeGreaterThan(count / 5);
    expect(answered.size).toBeGreaterThan(endpoints.length * 0.95);
  },
);
