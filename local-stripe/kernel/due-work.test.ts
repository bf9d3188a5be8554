import { afterEach, beforeEach, expect, test } from 'vitest';
import { startLocalStripe } from '../index.ts';
import type { LocalStripe } from '../index.ts';
import { frozenClock } from './clock.ts';
import { invalidRequest } from './errors.ts';

const start = Date.UTC(2027, 0) / 1000;
const logged: string[] = [];
const done: string[] = [];

let local: LocalStripe;
beforeEach(async () => {
  logged.length = 0;
  done.length = 0;
  local = await startLocalStripe({
    port: 0,
    clock: frozenClock(new Date(start * 1000)),
    log: (message) => logged.push(message),
  });
  local.kernel.onDue('test.break', () => {
    throw new Error('it broke');
  });
  local.kernel.onDue('test.refuse', () => {
    throw invalidRequest('it was refused');
  });
  local.kernel.onDue('test.note', (_ctx, id) => done.push(id));
});
afterEach(() => local.close());

const due = (at: number, kind: string, clock: string | null = null) =>
  local.kernel.run((ctx) => ctx.onClock(clock).schedule(at, kind, `${kind}_${at}`));

async function turnClock(advanceSeconds: number): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${local.url}/_control/clock`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ advanceSeconds }),
  });
  return { status: response.status, body: await response.json() };
}

test.each([
  ['test.break', 'it broke'],
  ['test.refuse', 'it was refused'],
])('8.5 %s: the clock answers it as an error, and time goes on', async (kind, message) => {
  due(start + 60, kind);
  due(start + 120, 'test.note');
  const { status, body } = await turnClock(3600);
  expect(status).toBe(500);
  expect(body).toMatchObject({
    error: { code: 'due_work_failed', message: expect.stringContaining(message) },
  });
  expect(done).toEqual([`test.note_${start + 120}`]);
  expect(local.kernel.now()).toBe(start + 3600);
  expect(logged.join()).toContain(message);
  // Told once.
  expect(await turnClock(60)).toMatchObject({ status: 200, body: { now: start + 3660 } });
});

test('8.5 what failed while nobody turned the clock is told to whoever does next', async () => {
  due(start, 'test.break');
  await local.settled();
  await expect(local.advanceTo(start + 60)).rejects.toThrow('it broke');
  await expect(local.advanceTo(start + 120)).resolves.toBe(start + 120);
});

test('8.5 several faults are counted', async () => {
  due(start + 60, 'test.break');
  due(start + 90, 'test.break');
  await expect(local.advanceTo(start + 600)).rejects.toThrow('and 1 more');
});

test('8.5 a test clock on which work fails says so', async () => {
  const call = async (path: string, form: string) => {
    const response = await fetch(`${local.url}/v1/test_helpers/test_clocks${path}`, {
      method: 'POST',
      headers: {
        authorization: 'Bearer sk_test_due',
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: form,
    });
    return (await response.json()) as { id: string; status: string };
  };
  const { id } = await call('', `frozen_time=${start}`);
  due(start + 60, 'test.break', id);
  expect(await call(`/${id}/advance`, `frozen_time=${start + 600}`)).toMatchObject({
    status: 'advancing',
  });
  await local.settled();
  expect(local.kernel.store.get('test_helpers.test_clock', id).status).toBe('internal_failure');
  const types = [...local.kernel.store.oldestFirst('_event')].map(({ body }) => body.type);
  expect(types.at(-1)).toBe('test_helpers.test_clock.internal_failure');
  local.kernel.takeFaults();
});
