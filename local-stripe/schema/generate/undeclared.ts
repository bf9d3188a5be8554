import type { JsonSchema } from '../json-schema.ts';

const text: JsonSchema = { anyOf: [{ type: 'string' }, { type: 'null' }] };
const whole: JsonSchema = { anyOf: [{ type: 'integer' }, { type: 'null' }] };

/** What real answers of 2025-10-29 and 2026-03-25 carry, although the SDK's types do not name it. */
const fields: Record<string, Record<string, JsonSchema>> = {
  Subscription: {
    plan: { anyOf: [{ $ref: '#/definitions/Plan' }, { type: 'null' }] },
    quantity: whole,
  },
  Charge: { destination: text, dispute: text, order: text },
};

/** Lets the definitions have these fields, and lists inside objects their `total_count`. */
export function addUndeclared(definitions: Record<string, JsonSchema>): void {
  for (const [name, more] of Object.entries(fields)) {
    const definition = definitions[name];
    if (definition === undefined) throw new Error(`the SDK has no ${name} any more`);
    definition.properties = { ...more, ...definition.properties };
  }
  for (const [name, definition] of Object.entries(definitions)) {
    if (!name.startsWith('ApiListOf')) continue;
    definition.properties = { ...definition.properties, total_count: { type: 'integer' } };
  }
}
