import { invalidRequest } from './errors.ts';
import type { Kind } from './kinds.ts';
import type { Context, Resource } from './types.ts';

/** What is known of API objects. */
export interface Known {
  /** The resource that owns an answer, by its `object`. */
  resourceOf: (object: string) => Resource | undefined;
  /** What stands for nothing in a field that an object has only when asked; undefined: leave it out. */
  emptyValue: (object: string, path: string) => unknown;
}

interface Here {
  /** The API object that the value lies in, which knows what its references are. */
  owner: Record<string, unknown> | null;
  /** Dotted path from the owner to the value. */
  path: string;
}

/**
 * Fills references in with their objects, as the paths in `expand` ask: at most four levels, through
 * lists (`data.customer`) and arrays alike. Answers a copy; what is stored stays as it is. Whether a
 * path may be expanded at all is checked with the other parameters.
 */
export function expandAll(
  ctx: Context,
  known: Known,
  answer: object,
  paths: readonly string[],
): object {
  let expanded: unknown = answer;
  for (const path of paths) {
    const steps = path.split('.');
    if (steps.filter((step) => step !== 'data').length > 4) {
      throw invalidRequest(
        `You cannot expand more than 4 levels of a property. Property: ${path}`,
        'expand',
      );
    }
    expanded = expandValue(ctx, known, expanded, { owner: null, path: '' }, steps, path);
  }
  return expanded as object;
}

function expandValue(
  ctx: Context,
  known: Known,
  value: unknown,
  here: Here,
  steps: string[],
  fullPath: string,
): unknown {
  if (Array.isArray(value)) {
    return value.map((part) => expandValue(ctx, known, part, here, steps, fullPath));
  }
  if (typeof value === 'string') {
    const target = dereference(ctx, known, value, here, fullPath);
    if (steps.length === 0 || typeof target === 'string') return target;
    return expandValue(ctx, known, target, here, steps, fullPath);
  }
  if (value === null || typeof value !== 'object' || steps.length === 0) return value;
  return expandField(ctx, known, value as Record<string, unknown>, here, steps, fullPath);
}

function expandField(
  ctx: Context,
  known: Known,
  object: Record<string, unknown>,
  here: Here,
  steps: string[],
  fullPath: string,
): unknown {
  const [field, ...rest] = steps as [string, ...string[]];
  const resource = typeof object.object === 'string' ? known.resourceOf(object.object) : undefined;
  const isOwner =
    resource !== undefined || object.object === 'list' || object.object === 'search_result';
  const inside: Here = isOwner
    ? { owner: object, path: field }
    : { owner: here.owner, path: here.path === '' ? field : `${here.path}.${field}` };
  let value = Object.hasOwn(object, field) ? object[field] : undefined;
  const include = includeOf(known, inside);
  if (include !== undefined && value === undefined) value = include(ctx, inside.owner as never);
  if (value === undefined) {
    if (include !== undefined || object.deleted === true) return object;
    const { owner, path } = inside;
    value = known.emptyValue(String(owner?.object), path);
    // Declared, but this object has none: a price without tiers, say.
    if (value === undefined) return object;
  }
  return { ...object, [field]: expandValue(ctx, known, value, inside, rest, fullPath) };
}

/** What an object has only when asked, by its path within the object. */
function includeOf(known: Known, { owner, path }: Here) {
  const includes = owner === null ? undefined : known.resourceOf(String(owner.object))?.includes;
  // The path comes from outside: `__proto__` is none of the fields.
  return includes !== undefined && Object.hasOwn(includes, path) ? includes[path] : undefined;
}

function dereference(
  ctx: Context,
  known: Known,
  id: string,
  here: Here,
  fullPath: string,
): unknown {
  const owner = here.owner;
  const resource = owner === null ? undefined : known.resourceOf(String(owner.object));
  const kinds = resource?.references[here.path];
  // An object that is not served: its id is all there is.
  if (kinds === undefined) return id;
  for (const kind of Array.isArray(kinds) ? kinds : [kinds]) {
    const target = findPresented(ctx, known, kind, id);
    if (target !== undefined) return target;
  }
  const deleted = ctx.store.find('_deleted', id);
  if (deleted !== undefined) return deleted;
  throw invalidRequest(`${fullPath}: ${id} cannot be expanded any more.`, 'expand');
}

function findPresented(ctx: Context, known: Known, kind: Kind, id: string): object | undefined {
  const target = ctx.store.find(kind, id);
  if (target === undefined) return undefined;
  const present = known.resourceOf(kind)?.present as
    ((ctx: Context, object: object) => object) | undefined;
  return present === undefined ? target : present(ctx, target);
}
