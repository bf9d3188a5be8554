import { asArray } from '../kernel/form.ts';
import type { Params } from '../kernel/types.ts';

/** Without a schema: arrays become arrays, everything stays text. */
export function parseParamsLoosely(_typeName: string, raw: Params): Params {
  return arrays(raw) as Params;
}

function arrays(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const list = asArray(value);
  if (list !== null) return list.map(arrays);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, arrays(part)]));
}
