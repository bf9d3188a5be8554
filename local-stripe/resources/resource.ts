import { invalidRequest, noSuch } from '../kernel/errors.ts';
import type { Kind, Kinds } from '../kernel/kinds.ts';
import { candidatesOf, listPage } from '../kernel/list.ts';
import type {
  Context,
  DueHandler,
  Followers,
  Params,
  PathParams,
  Resource,
  Route,
} from '../kernel/types.ts';

type Object_<K extends Kind> = Kinds[K];

/** An action such as `POST /v1/invoices/:id/pay`, or any other endpoint of the resource. */
export interface Action<K extends Kind> {
  method?: 'GET' | 'POST' | 'DELETE';
  /** Below the object: `pay`, `lines`. */
  name: string;
  handle(ctx: Context, object: Object_<K>, params: never, path: PathParams): object;
}

/** What there is to say of a resource. Endpoints exist for the verbs that are given. */
export interface ResourceDefinition<K extends Kind> {
  kind: K;
  /** `/v1/customers` */
  path: string;
  /** As errors call it; default the kind. */
  noun?: string;
  create?: (ctx: Context, params: never) => object;
  /** Default true: `GET /:id`. */
  retrieve?: boolean;
  /** `GET /:id` answers `{deleted: true}` when it was deleted, as for customers; default 404. */
  retrievesDeleted?: boolean;
  update?: (ctx: Context, before: Object_<K>, params: never) => object;
  /** Emptying is its own affair: it answers `{id, object, deleted: true}`. */
  del?: (ctx: Context, before: Object_<K>, params: never) => object;
  /** Filters by parameter name. `created`, `limit` and cursors are always there. */
  list?: Record<string, (object: Object_<K>, value: never, params: Params) => boolean>;
  /** Further condition of the list, over all parameters: `filters` names those it reads. */
  filters?: readonly string[];
  listed?: (ctx: Context, object: Object_<K>, params: Params) => boolean;
  actions?: Action<K>[];
  routes?: Route[];
  references?: Record<string, Kind | Kind[]>;
  includes?: Record<string, (ctx: Context, object: Object_<K>) => unknown>;
  /** Which objects a key finds. An index named as a list parameter serves that filter. */
  indexes?: Record<string, (object: Object_<K>) => string | readonly string[] | null | undefined>;
  due?: Record<string, DueHandler>;
  /** What it does when something happens below; nobody else follows the same. */
  follows?: Followers;
  /** Indexes of its own over the deliveries of events. */
  deliveries?: Resource['deliveries'];
  present?: (ctx: Context, object: Object_<K>) => object;
}

/** Who names the secret of an intent has to name the right one. */
function assertSecret(object: object, { client_secret: given }: Params, noun: string): void {
  if (given === undefined || (object as { client_secret?: string }).client_secret === given) return;
  throw invalidRequest(
    `The client_secret provided does not match the client_secret associated with this ${noun}.`,
    'client_secret',
  );
}

/** Makes the endpoints of a resource from what is particular about it. */
export function resource<K extends Kind>(definition: ResourceDefinition<K>): Resource<K> {
  const noun = definition.noun ?? definition.kind;
  const { path } = definition;
  const one = `${path}/:id`;
  const find = (ctx: Context, id: string): Object_<K> => {
    const object = ctx.store.find(definition.kind, id);
    if (object === undefined) throw noSuch(noun, id);
    return object;
  };
  const routes: Route[] = [...(definition.routes ?? [])];
  const { create, update, del, list } = definition;

  if (create !== undefined) {
    routes.push({
      method: 'POST',
      path,
      handle: (ctx, params) => create(ctx, params as never),
    });
  }
  if (list !== undefined) {
    routes.push({
      method: 'GET',
      path,
      handle: (ctx, params) => listAll(ctx, definition, noun, params),
    });
  }
  if (definition.retrieve !== false) {
    routes.push({
      method: 'GET',
      path: one,
      handle: (ctx, params, { id }) => {
        const deleted = definition.retrievesDeleted ? ctx.store.find('_deleted', id!) : undefined;
        if (deleted !== undefined) return deleted;
        const object = find(ctx, id!);
        assertSecret(object, params, noun);
        return object;
      },
    });
  }
  if (update !== undefined) {
    routes.push({
      method: 'POST',
      path: one,
      handle: (ctx, params, { id }) => update(ctx, find(ctx, id!), params as never),
    });
  }
  if (del !== undefined) {
    routes.push({
      method: 'DELETE',
      path: one,
      handle: (ctx, params, { id }) => del(ctx, find(ctx, id!), params as never),
    });
  }
  for (const action of definition.actions ?? []) {
    routes.push({
      method: action.method ?? 'POST',
      path: `${one}/${action.name}`,
      handle: (ctx, params, names) =>
        action.handle(ctx, find(ctx, names.id!), params as never, names),
    });
  }
  return {
    kind: definition.kind,
    noun,
    routes,
    references: definition.references ?? {},
    includes: (definition.includes ?? {}) as Resource['includes'],
    indexes: definition.indexes ?? {},
    due: definition.due ?? {},
    ...(definition.follows === undefined ? {} : { follows: definition.follows }),
    ...(definition.deliveries === undefined ? {} : { deliveries: definition.deliveries }),
    ...(definition.present === undefined ? {} : { present: definition.present }),
  };
}

function listAll<K extends Kind>(
  ctx: Context,
  definition: ResourceDefinition<K>,
  noun: string,
  params: Params,
): object {
  assertNamed(ctx, params);
  assertFilters(definition, params);
  const filters = Object.entries(definition.list ?? {}).filter(([name]) => name in params);
  const indexed = Object.keys(definition.indexes ?? {}).filter((name) => name in params);
  const candidates = candidatesOf(ctx, definition.kind, params, indexed);
  return listPage(params, definition.path, noun, candidates, (object) => {
    return (
      filters.every(([name, matches]) => matches(object, params[name] as never, params)) &&
      (definition.listed?.(ctx, object, params) ?? true)
    );
  });
}

const always = ['created', 'ending_before', 'expand', 'limit', 'starting_after'];

/** A filter that is not known would leave everything in: it is refused in words. */
function assertFilters<K extends Kind>(definition: ResourceDefinition<K>, params: Params): void {
  const known = [...always, ...Object.keys(definition.list ?? {}), ...(definition.filters ?? [])];
  const unknown = Object.keys(params).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw invalidRequest(`The local Stripe does not imitate \`${unknown}\` of this list.`, unknown);
}

const named = ['charge', 'customer', 'invoice', 'payment_intent', 'subscription'] as const;

/** A list of what belongs to something is refused when that something is not there. */
function assertNamed(ctx: Context, params: Params): void {
  for (const kind of named) {
    const id = params[kind];
    if (typeof id !== 'string') continue;
    if (ctx.store.find(kind, id) === undefined && ctx.store.find('_deleted', id) === undefined) {
      throw noSuch(kind, id, kind);
    }
  }
}
