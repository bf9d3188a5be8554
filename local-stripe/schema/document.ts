import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonSchema, SchemaDocument } from './json-schema.ts';

/** The generated schema, read once a process (about ten milliseconds). */
export const schemaDocument = JSON.parse(
  readFileSync(join(import.meta.dirname, 'generated/stripe.schema.json'), 'utf8'),
) as SchemaDocument;

const prefixLength = '#/definitions/'.length;

/** Follows references until a schema that says something itself. */
export function resolve(schema: JsonSchema): JsonSchema {
  let current = schema;
  while (current.$ref !== undefined) {
    const found = schemaDocument.definitions[current.$ref.slice(prefixLength)];
    if (!found) throw new Error(`${current.$ref} is not defined`);
    current = found;
  }
  return current;
}

/** The alternatives of a schema, references followed; one that is no union is its own only one. */
export function alternatives(schema: JsonSchema): JsonSchema[] {
  const known = alternativesOf.get(schema);
  if (known) return known;
  const resolved = resolve(schema);
  const found = resolved.anyOf ? resolved.anyOf.flatMap(alternatives) : [resolved];
  alternativesOf.set(schema, found);
  return found;
}
const alternativesOf = new WeakMap<JsonSchema, JsonSchema[]>();

/** `GET /v1/customers/:customer` and `GET /v1/customers/:id` are one endpoint: names are dropped. */
function nameless(key: string): string {
  return key.replace(/[:{][^/]+/g, ':');
}

const endpointsByShape = new Map(
  Object.entries(schemaDocument.endpoints).map(([key, endpoint]) => [nameless(key), endpoint]),
);
const endpointsByKey = new Map<string, Endpoint>();

export type Endpoint = SchemaDocument['endpoints'][string];

/** The schemas of `METHOD /v1/path/:id`. Throws for an endpoint that is not in `endpoints.ts`. */
export function getEndpoint(key: string): Endpoint {
  const known = endpointsByKey.get(key);
  if (known) return known;
  const found = endpointsByShape.get(nameless(key));
  if (!found) throw new Error(`no schema is generated for ${key}: add it to schema/endpoints.ts`);
  endpointsByKey.set(key, found);
  return found;
}
