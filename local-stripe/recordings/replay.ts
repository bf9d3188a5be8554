import { startLocalStripe } from '../index.ts';
import { frozenClock } from '../kernel/clock.ts';
import type { Catalogue } from './catalogue.ts';
import { compare } from './compare.ts';
import type { Field } from './compare.ts';
import { Ids } from './ids.ts';
import { inOurVersion } from './moved.ts';
import { isObject, objectsIn } from './recorded.ts';
import type { Json, RecordedCall, Sequence } from './recorded.ts';
import { World } from './world.ts';
import type { Send } from './world.ts';

/** One recorded call, sent again. `fields` is null for one that is left out of the count. */
export interface Replayed {
  call: RecordedCall;
  status: number;
  /** What the local Stripe said, when it refused. */
  refusal?: string;
  fields: Field[] | null;
}

/** Keys are not recorded: what was refused for its key is sent with one to refuse. */
const refusedKey = 'sk_nobody';
const acceptedKey = 'sk_test_recordings';
const day = 86_400;
/** Where the clock begins when no answer tells a time. */
const someDay = Date.UTC(2025, 10, 10) / 1000;

/**
 * Sends a sequence to a fresh local Stripe whose clock stands where the recording's stood, and looks
 * at each answer beside the recorded one. Requests go in our own API version. Throws when the local
 * Stripe complains of a fault of its own.
 */
export async function replay(sequence: Sequence, catalogue: Catalogue): Promise<Replayed[]> {
  const instants = sequence.calls.map((call) => instantOf(call, new Set()));
  const beganAt = instants.find((at) => at > 0) ?? someDay;
  const complaints: string[] = [];
  const local = await startLocalStripe({
    port: 0,
    clock: frozenClock(new Date((beganAt - day) * 1000)),
    seed: sequence.name,
    checkResponses: true,
    log: (message) => complaints.push(message),
  });
  const ids = new Ids();
  const send = sender(local);
  const world = new World(send, ids, catalogue);
  const replayed: Replayed[] = [];
  const seen = new Set<string>();
  try {
    await world.stock(sequence.calls);
    for (const [i, call] of sequence.calls.entries()) {
      await local.advanceTo(Math.max(local.kernel.now(), beganAt, instantOf(call, seen)));
      await world.provide(call, sequence.calls.slice(i + 1));
      const form = translate(call, ids);
      const key = call.status === 401 ? refusedKey : acceptedKey;
      const { status, body } = await send(call.method, ids.translate(call.path), form, key);
      const fields = makesOtherMethod(call) ? null : compare(call.resp, body, ids, beganAt);
      const refusal = messageOf(body);
      replayed.push({ call, status, fields, ...(refusal === null ? {} : { refusal }) });
    }
  } finally {
    await local.close();
  }
  if (complaints.length > 0) throw new Error(`${sequence.name}: ${complaints[0]}`);
  return replayed;
}

function messageOf(body: Json): string | null {
  if (!isObject(body) || !isObject(body.error)) return null;
  return String(body.error.message);
}

function sender(local: Awaited<ReturnType<typeof startLocalStripe>>): Send {
  return async (method, path, form = '', key = acceptedKey) => {
    const inQuery = method !== 'POST' && form !== '';
    const response = await local.fetch(
      new Request(`${local.url}${path}${inQuery ? `?${form}` : ''}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/x-www-form-urlencoded',
        },
        ...(method === 'POST' ? { body: form } : {}),
      }),
    );
    return { status: response.status, body: (await response.json()) as Json };
  };
}

function translate({ method, path, query, body }: RecordedCall, ids: Ids): string {
  const pairs = [...new URLSearchParams(method === 'POST' ? body : query)];
  return inOurVersion(path, pairs)
    .map(
      ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(ids.translate(value))}`,
    )
    .join('&');
}

/** Payment methods that the local Stripe does not imitate. */
function makesOtherMethod({ method, path, body }: RecordedCall): boolean {
  if (method !== 'POST' || path !== '/v1/payment_methods') return false;
  const type = new URLSearchParams(body).get('type') ?? '';
  return !['card', 'alipay', 'wechat_pay'].includes(type);
}

/** When a call was made, as far as what came to be with it tells; 0 when nothing did. */
function instantOf({ method, resp }: RecordedCall, seen: Set<string>): number {
  let latest = 0;
  for (const { id, created, object } of objectsIn(resp)) {
    if (typeof id !== 'string' || typeof created !== 'number' || seen.has(id)) continue;
    seen.add(id);
    if (method === 'GET' || /^(price|plan|product)$/.test(String(object))) continue;
    latest = Math.max(latest, created);
  }
  return latest;
}
