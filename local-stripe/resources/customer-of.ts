import type { Store } from '../kernel/store.ts';

const idPattern = /[a-z]+(?:_[a-z]+)*_[A-Za-z0-9]{6,}/g;

/**
 * The customer whom a request is about: the first that an id in its path, query or body leads to.
 * Null where none is named, as when one is made.
 */
export function customerOf(store: Store, request: string): string | null {
  for (const [id] of request.matchAll(idPattern)) {
    const customer = ownerOf(store, id);
    if (customer !== null) return customer;
  }
  return null;
}

/** Some things name no customer, but what they belong to. */
function ownerOf(store: Store, id: string): string | null {
  const object = findAnywhere(store, id);
  if (object === undefined) return null;
  if (object['object'] === 'customer') return id;
  if (typeof object['customer'] === 'string') return object['customer'];
  for (const whole of [object['subscription'], object['invoice'], object['charge']]) {
    if (typeof whole === 'string') return ownerOf(store, whole);
  }
  return null;
}

function findAnywhere(store: Store, id: string): Record<string, unknown> | undefined {
  for (const kind of store.kinds()) {
    if (kind.startsWith('_')) continue;
    const found = store.find(kind, id);
    if (found !== undefined) return found as unknown as Record<string, unknown>;
  }
  return undefined;
}
