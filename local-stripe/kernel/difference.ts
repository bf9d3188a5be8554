/**
 * The `previous_attributes` of an update: of each field that differs its old value; of hashes only
 * the parts that differ; of arrays and lists the whole. Null when nothing differs. `keys` are the
 * fields that can differ.
 */
export function previousAttributes(
  before: object,
  after: object,
  keys: Iterable<string> = new Set([...Object.keys(before), ...Object.keys(after)]),
): Record<string, unknown> | null {
  const was = before as Record<string, unknown>;
  const is = after as Record<string, unknown>;
  const changed: Record<string, unknown> = {};
  for (const key of keys) {
    if (isSame(was[key], is[key])) continue;
    changed[key] =
      isHash(was[key]) && isHash(is[key]) ? parts(was[key], is[key]) : (was[key] ?? null);
  }
  return Object.keys(changed).length === 0 ? null : changed;
}

function parts(was: object, is: object): unknown {
  return 'object' in was ? was : previousAttributes(was, is);
}

function isHash(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keysOfA = Object.keys(a);
  if (keysOfA.length !== Object.keys(b).length) return false;
  const hashA = a as Record<string, unknown>;
  const hashB = b as Record<string, unknown>;
  return keysOfA.every((key) => isSame(hashA[key], hashB[key]));
}
