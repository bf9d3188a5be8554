import { PERIOD } from '../database.ts';
import { keyOf, type Design, type Keys } from '../designs.ts';
import type { RedisClient } from './server.ts';

/** As much as the benchmark's plans allow: checked on every call, and never reached. */
const LIMIT = 1_000_000_000_000;
const KEYS_AN_ASK = 1_000;

/** Checks the limit, counts, and remembers the key with its answer: all in one step. There is no ledger. */
const RECORD = `
  if KEYS[2] then
    local first = redis.call('GET', KEYS[2])
    if first then return {2, tonumber(first)} end
  end
  local used = tonumber(redis.call('GET', KEYS[1]) or '0') + tonumber(ARGV[1])
  if used > tonumber(ARGV[2]) then return {0, used - tonumber(ARGV[1])} end
  redis.call('INCRBY', KEYS[1], ARGV[1])
  if KEYS[2] then redis.call('SET', KEYS[2], used) end
  return {1, used}`;

/** What one would pick instead: one script a call. */
export async function scripted(client: RedisClient, name: string, keys: Keys): Promise<Design> {
  const script = await client.scriptLoad(RECORD);
  const values = ['1', String(LIMIT)];
  return {
    name,
    call(tenantId) {
      const key = keyOf(keys);
      const counter = `used:${tenantId}:${PERIOD}:messages`;
      const names = key === undefined ? [counter] : [counter, `key:${tenantId}:${key}`];
      return client.evalSha(script, { keys: names, arguments: values });
    },
  };
}

/** As many keys from before as the ledger beside it has. */
export async function loadKeys(client: RedisClient, count: number): Promise<void> {
  const load = await client.scriptLoad(`
    for n = tonumber(ARGV[1]), tonumber(ARGV[2]) do redis.call('SET', 'key:loaded:' .. n, 1) end`);
  for (let from = 1; from <= count; from += KEYS_AN_ASK) {
    const to = Math.min(count, from + KEYS_AN_ASK - 1);
    await client.evalSha(load, { arguments: [String(from), String(to)] });
  }
}
