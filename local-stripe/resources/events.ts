import { invalidRequest, noSuch } from '../kernel/errors.ts';
import { listPage } from '../kernel/list.ts';
import type { EventBody, EventRow } from '../kernel/rows.ts';
import type { Context, Params, Resource } from '../kernel/types.ts';

/** Events are recorded by `ctx.emit`; here they are read, as far back as they are kept. */
export const events: Resource<'_event'> = {
  kind: '_event',
  noun: 'event',
  routes: [
    { method: 'GET', path: '/v1/events', handle: listEvents },
    {
      method: 'GET',
      path: '/v1/events/:id',
      handle: (ctx, _params, { id }) => {
        const row = ctx.store.find('_event', id!);
        if (row === undefined) throw noSuch('event', id!);
        return presentEvent(ctx, row);
      },
    },
  ],
  references: {},
  includes: {},
  indexes: {},
  due: {},
};

function listEvents(ctx: Context, params: Params): object {
  const matchesType = typeFilter(
    params.type as string | undefined,
    params.types as string[] | undefined,
  );
  const delivered = params.delivery_success as boolean | undefined;
  const candidates = function* () {
    for (const row of ctx.store.newestFirst('_event')) {
      yield { ...row, created: row.body.created };
    }
  };
  const page = listPage(params, '/v1/events', 'event', candidates(), (row) => {
    if (!matchesType(row.body.type)) return false;
    return delivered === undefined || delivered === isDelivered(ctx, row);
  });
  return { ...page, data: page.data.map((row) => presentEvent(ctx, row)) };
}

function typeFilter(type: string | undefined, types: string[] | undefined) {
  if (type !== undefined && types !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: type, types.', 'types');
  }
  if (types !== undefined && (types.length === 0 || types.length > 20)) {
    throw invalidRequest('Between 1 and 20 types can be given.', 'types');
  }
  if (types !== undefined) return (of: string) => types.includes(of);
  if (type === undefined) return () => true;
  const [start, end, ...more] = type.split('*') as [string, string?, ...string[]];
  if (more.length > 0) throw invalidRequest(`Invalid event type: ${type}`, 'type');
  if (end === undefined) return (of: string) => of === type;
  return (of: string) => of.startsWith(start) && of.endsWith(end);
}

function presentEvent(ctx: Context, row: EventRow): EventBody {
  const pending = ctx.store.by('_delivery', 'event', row.id).filter(({ status }) => {
    return status === 'pending';
  });
  return { ...row.body, pending_webhooks: pending.length };
}

function isDelivered(ctx: Context, row: EventRow): boolean {
  return ctx.store.by('_delivery', 'event', row.id).every(({ status }) => status === 'delivered');
}
