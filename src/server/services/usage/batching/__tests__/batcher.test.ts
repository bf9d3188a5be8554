import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Batcher } from '../batcher.ts';

interface Call {
  tenant: string;
  number: number;
  day: number;
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** A batcher whose batches end when the test says so. */
function held(options: { batchesMax?: () => number; waitingMax?: number } = {}) {
  const batches: { calls: Call[]; end: () => void; fail: (error: Error) => void }[] = [];
  const batcher = new Batcher<Call, number>({
    ...{ batchesMax: () => 2, callsMax: 100, waitingMax: 1_000, ...options },
    joins: (first, call) => first.day === call.day,
    run: (calls) =>
      new Promise((resolve, reject) => {
        const end = () => resolve(calls.map((call) => call.number));
        batches.push({ calls, end, fail: reject });
      }),
  });
  return { batcher, batches };
}

const call = (tenant: string, number: number, day = 1): Call => ({ tenant, number, day });

describe('the batcher', () => {
  test('sends calls of one turn together, and those that come meanwhile with the next', async () => {
    const { batcher, batches } = held();
    const submit = (number: number) => batcher.submit(call(`t${number}`, number), `t${number}`);
    const first = [1, 2, 3].map(submit);
    await nextTurn();
    const second = [4, 5].map(submit);
    await nextTurn();
    expect(batches.map((batch) => batch.calls.map((one) => one.number))).toEqual([[1, 2, 3]]);
    batches[0]!.end();
    expect(await Promise.all(first)).toEqual([1, 2, 3]);
    await nextTurn();
    batches[1]!.end();
    expect(await Promise.all(second)).toEqual([4, 5]);
    expect(batcher.unanswered).toBe(0);
  });

  test('runs a second batch beside the first when many wait, never with the same tenant', async () => {
    const { batcher, batches } = held();
    for (let n = 0; n < 200; n += 1) void batcher.submit(call(`t${n % 150}`, n), `t${n % 150}`);
    await nextTurn();
    expect(batches).toHaveLength(2);
    const [one, other] = batches.map(({ calls }) => new Set(calls.map(({ tenant }) => tenant)));
    expect([...one!].filter((tenant) => other!.has(tenant))).toEqual([]);
    // The last fifty are of tenants in the first batch, which is full.
    expect(batches.flatMap(({ calls }) => calls)).toHaveLength(150);
  });

  test('11.S how many batches leave beside each other is asked each time', async () => {
    let most = 1;
    const { batcher, batches } = held({ batchesMax: () => most });
    const submit = (from: number) => {
      for (let n = from; n < from + 130; n += 1) void batcher.submit(call(`t${n}`, n), `t${n}`);
      return nextTurn();
    };
    await submit(0);
    // A batch has a hundred at most; thirty wait for the only one.
    expect(batches.map(({ calls }) => calls.length)).toEqual([100]);
    most = 2;
    await submit(130);
    expect(batches.map(({ calls }) => calls.length)).toEqual([100, 100]);
  });

  test('takes all calls of one tenant together, up to the most a batch may have', async () => {
    const { batcher, batches } = held();
    for (let n = 0; n < 130; n += 1) void batcher.submit(call('t', n), 't');
    await nextTurn();
    expect(batches.map(({ calls }) => calls.length)).toEqual([100]);
  });

  test('fails the calls of a batch that fails, and no others', async () => {
    const { batcher, batches } = held();
    const failing = batcher.submit(call('a', 1), 'a');
    await nextTurn();
    const later = batcher.submit(call('a', 2), 'a');
    batches[0]!.fail(new Error('away'));
    await expect(failing).rejects.toThrow('away');
    await nextTurn();
    batches[1]!.end();
    expect(await later).toBe(2);
  });

  test('refuses at once what would wait beyond the limit', async () => {
    const { batcher } = held({ waitingMax: 3 });
    for (let n = 0; n < 3; n += 1) void batcher.submit(call('a', n), 'a');
    await expect(batcher.submit(call('a', 9), 'a')).rejects.toMatchObject({ code: 'busy' });
    const many = [call('b', 1), call('b', 2)];
    const refused = await batcher.submitAll(many, (one) => one.tenant);
    expect(refused).toEqual(many.map(() => expect.objectContaining({ code: 'busy' }) as unknown));
  });
});

test('whatever comes in whatever order, each tenant’s calls keep theirs and a batch is of one day', async () => {
  const calls = fc.array(fc.record({ tenant: fc.constantFrom('a', 'b', 'c'), day: fc.nat(1) }), {
    minLength: 1,
    maxLength: 300,
  });
  await fc.assert(
    fc.asyncProperty(calls, fc.infiniteStream(fc.nat(3)), async (arrivals, chances) => {
      const { batcher, batches } = held();
      const begun: Call[] = [];
      const answers: Promise<number>[] = [];
      let open = 0;
      let seen = 0;
      const look = async () => {
        await nextTurn();
        for (; seen < batches.length; seen += 1) {
          open += 1;
          const of = batches[seen]!.calls;
          expect(new Set(of.map(({ day }) => day)).size).toBe(1);
          begun.push(...of);
        }
      };
      const endOne = async () => {
        if (open === 0) return;
        batches[seen - open]!.end();
        open -= 1;
        await nextTurn();
      };
      for (const [number, { tenant, day }] of arrivals.entries()) {
        answers.push(batcher.submit(call(tenant, number, day), tenant));
        const chance = chances.next().value;
        if (chance === 0) await look();
        if (chance === 1) await endOne();
      }
      while (batcher.unanswered > 0) {
        await look();
        await endOne();
      }
      expect(await Promise.all(answers)).toEqual(arrivals.map((_, number) => number));
      for (const tenant of ['a', 'b', 'c']) {
        const order = begun.filter((one) => one.tenant === tenant).map(({ number }) => number);
        expect(order).toEqual([...order].sort((x, y) => x - y));
      }
    }),
    { numRuns: 100 },
  );
});
