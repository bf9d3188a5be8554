import { invalidRequest } from './errors.ts';
import type { Kind } from './kinds.ts';
import type { Context, Resource } from './types.ts';

/** Finds the resource that owns an answer by its `object`. */
export type ResourceOf = (object: string) => Resource | undefined;

interface Here {
  /** The API object that the value lies in, which knows what its references are. */
  owner: Record<string, unknown> | null;
  /** Dotted path from the owner to the value. */
  path: string;
}

/**
 * Fills references in with their objects, as the paths in `expand` ask: at most four levels, through
 * lists (`data.customer`) and arrays alike. Answers a copy; what is stored stays as it is.
 */
export function expandAll(
  ctx: Context,
  resourceOf: ResourceOf,
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
    expanded = expandValue(ctx, resourceOf, expanded, { owner: null, path: '' }, steps, path);
  }
  return expanded as object;
}

function expandValue(
  ctx: Context,
  resourceOf: ResourceOf,
  value: unknown,
  here: Here,
  steps: string[],
  fullPath: string,
): unknown {
  if (Array.isArray(value)) {
    return value.map((part) => expandValue(ctx, resourceOf, part, here, steps, fullPath));
  }
  if (typeof value === 'string') {
    const target = dereference(ctx, resourceOf, value, here, fullPath);
    return steps.length === 0
      ? target
      : expandValue(ctx, resourceOf, target, here, steps, fullPath);
  }
  if (steps.length === 0) {
    if (value === undefined) throw cannotExpand(fullPath);
    return value;
  }
  if (value === null) return null;
  if (typeof value !== 'object') throw cannotExpand(fullPath);
  return expandField(ctx, resourceOf, value as Record<string, unknown>, here, steps, fullPath);
}

function expandField(
  ctx: Context,
  resourceOf: ResourceOf,
  object: Record<string, unknown>,
  here: Here,
  steps: string[],
  fullPath: string,
): unknown {
  const [field, ...rest] = steps as [string, ...string[]];
  const resource = typeof object.object === 'string' ? resourceOf(object.object) : undefined;
  const isOwner =
    resource !== undefined || object.object === 'list' || object.object === 'search_result';
  const inside: Here = isOwner
    ? { owner: object, path: field }
    : { owner: here.owner, path: here.path === '' ? field : `${here.path}.${field}` };
  let value = Object.hasOwn(object, field) ? object[field] : undefined;
  // The name comes from outside: `__proto__` is none of the fields.
  const isIncluded = resource !== undefined && Object.hasOwn(resource.includes, field);
  const include = isIncluded ? resource.includes[field] : undefined;
  if (include !== undefined && value === undefined) value = include(ctx, object as never);
  if (value === undefined) {
    // Known, but this object has none: a price without tiers, say.
    if (include !== undefined) return object;
    if (object.deleted === true) return object;
    if (resource !== undefined && isReference(resource, field)) return object;
    throw cannotExpand(fullPath);
  }
  return { ...object, [field]: expandValue(ctx, resourceOf, value, inside, rest, fullPath) };
}

function isReference(resource: Resource, path: string): boolean {
  return Object.keys(resource.references).some((key) => key === path || key.startsWith(`${path}.`));
}

function dereference(
  ctx: Context,
  resourceOf: ResourceOf,
  id: string,
  here: Here,
  fullPath: string,
): object {
  const owner = here.owner;
  const resource = owner === null ? undefined : resourceOf(String(owner.object));
  const kinds = resource?.references[here.path];
  if (kinds === undefined) throw cannotExpand(fullPath);
  for (const kind of Array.isArray(kinds) ? kinds : [kinds]) {
    const target = findPresented(ctx, resourceOf, kind, id);
    if (target !== undefined) return target;
  }
  const deleted = ctx.store.find('_deleted', id);
  if (deleted !== undefined) return deleted;
  throw invalidRequest(`${fullPath}: ${id} cannot be expanded any more.`, 'expand');
}

function findPresented(
  ctx: Context,
  resourceOf: ResourceOf,
  kind: Kind,
  id: string,
): object | undefined {
  const target = ctx.store.find(kind, id);
  if (target === undefined) return undefined;
  const present = resourceOf(kind)?.present as
    ((ctx: Context, object: object) => object) | undefined;
  return present === undefined ? target : present(ctx, target);
}

function cannotExpand(path: string) {
  return invalidRequest(`This property cannot be expanded (${path}).`, 'expand');
}
