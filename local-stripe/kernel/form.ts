import { invalidRequest } from './errors.ts';

/** A form or query after its brackets were nested: strings at the leaves, nothing coerced. */
export type RawValue = string | RawValue[] | { [key: string]: RawValue };
export type RawParams = Record<string, RawValue>;

/** Stripe's own form nests less than ten deep; what goes further is an attack or a mistake. */
const maxDepth = 12;
const maxPairs = 5000;

/**
 * `a=1&b[c][0]=2` → `{a: '1', b: {c: {0: '2'}}}`. Values stay strings, and `[0]` stays a key: whether
 * a hash or an array is meant, only the schema of the parameter knows. `[]` makes an
 * array. Objects have no prototype, so `__proto__` is a name like any other.
 */
export function parseForm(text: string): RawParams {
  const params = emptyHash();
  if (text === '') return params;
  const pairs = text.split('&');
  if (pairs.length > maxPairs) throw invalidRequest('Too many parameters in one request.');
  for (const pair of pairs) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const key = decode(equals === -1 ? pair : pair.slice(0, equals));
    const value = equals === -1 ? '' : decode(pair.slice(equals + 1));
    assign(params, keyPath(key), value, key);
  }
  return params;
}

export function emptyHash(): RawParams {
  return Object.create(null) as RawParams;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw invalidRequest(`Invalid form encoding: ${text.slice(0, 100)}`);
  }
}

function keyPath(key: string): string[] {
  const open = key.indexOf('[');
  if (open === -1) return [key];
  const path = [key.slice(0, open)];
  const rest = key.slice(open);
  const parts = rest.match(/\[[^[\]]*\]/g);
  if (open === 0 || parts === null || parts.join('') !== rest) {
    throw invalidRequest(`Invalid parameter name: ${key.slice(0, 100)}`);
  }
  if (parts.length >= maxDepth) {
    throw invalidRequest(`Parameters are nested too deep: ${key.slice(0, 100)}`);
  }
  for (const part of parts) path.push(part.slice(1, -1));
  return path;
}

function assign(root: RawParams, path: string[], value: string, key: string): void {
  let here: RawParams | RawValue[] = root;
  for (const [i, step] of path.entries()) {
    const last = i === path.length - 1;
    const wantsArray = path[i + 1] === '';
    if (Array.isArray(here)) {
      here = step === '' ? pushInto(here, path, i, value, key) : mixed(key);
    } else if (last) {
      if (typeof here[step] === 'object') mixed(key);
      here[step] = value;
    } else {
      const next: RawValue = (here[step] ??= wantsArray ? [] : emptyHash());
      if (typeof next !== 'object' || next === null) mixed(key);
      here = next as RawParams | RawValue[];
    }
  }
}

/** `a[][b]=1&a[][c]=2` fills one element until a name comes again, as Rack does. */
function pushInto(
  list: RawValue[],
  path: string[],
  i: number,
  value: string,
  key: string,
): RawParams | RawValue[] {
  if (i === path.length - 1) {
    list.push(value);
    return list;
  }
  if (path[i + 1] === '') throw invalidRequest(`Invalid parameter name: ${key.slice(0, 100)}`);
  const last = list.at(-1) as RawParams | undefined;
  const name = path[i + 1]!;
  const reuse = typeof last === 'object' && (i + 2 < path.length || !(name in last));
  if (reuse) return last;
  const element = emptyHash();
  list.push(element);
  return element;
}

function mixed(key: string): never {
  throw invalidRequest(`Invalid parameter name: ${key.slice(0, 100)}`);
}
