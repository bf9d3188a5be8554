import { getEndpoint, schemaDocument } from '../document.ts';
import { violations } from './walk.ts';

/** What an answer of `METHOD /v1/path/:id` holds that the SDK does not know, or lacks. */
export function checkResponse(endpoint: string, body: unknown): string[] {
  return violations(getEndpoint(endpoint).response, body, endpoint);
}

/** Same, for one object by its own `object` (`customer`, `checkout.session`). */
export function checkObject(body: unknown): string[] {
  const name = (body as { object?: unknown }).object;
  const schema = typeof name === 'string' ? schemaDocument.objects[name] : undefined;
  return schema
    ? violations(schema, body, String(name))
    : [`object: ${String(name)} is not served`];
}

/** Same, for an event: its envelope, `data.object` by the event's type, and `previous_attributes`. */
export function checkEvent(event: unknown): string[] {
  const { type, data } = event as {
    type: string;
    data?: { object?: unknown; previous_attributes?: unknown };
  };
  const schema = schemaDocument.events[type];
  if (!schema) return [`type: ${type} is no event of an object that is served`];
  const previous = data?.previous_attributes;
  return [
    ...violations(schemaDocument.event, { ...(event as object), data: { object: {} } }, type),
    ...violations(schema, objectOf(type, data?.object), `${type} data.object`),
    ...(previous === undefined
      ? []
      : violations(schema, previous, `${type} previous_attributes`, { partial: true })),
  ];
}

/** The invoice of `invoice.upcoming` has no id, as the SDK says of the event and not in its type. */
function objectOf(type: string, object: unknown): unknown {
  return type === 'invoice.upcoming' ? { id: 'none yet', ...(object as object) } : object;
}
