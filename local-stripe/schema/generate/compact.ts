import type { JsonSchema } from '../json-schema.ts';

/**
 * Makes the definitions small: equal ones become one (create and update repeat each other), which
 * may make more of them equal, so until nothing changes. Keeps the first name of each.
 */
export function mergeEqualDefinitions(
  definitions: Record<string, JsonSchema>,
  roots: JsonSchema[],
): Record<string, JsonSchema> {
  let current = definitions;
  for (;;) {
    const first = new Map<string, string>();
    const renamed = new Map<string, string>();
    for (const [name, schema] of Object.entries(current)) {
      const text = JSON.stringify(schema);
      const same = first.get(text);
      if (same === undefined) first.set(text, name);
      else renamed.set(`#/definitions/${name}`, `#/definitions/${same}`);
    }
    if (renamed.size === 0) return current;
    const kept = Object.entries(current).filter(([name]) => !renamed.has(`#/definitions/${name}`));
    for (const [, schema] of kept) rename(schema, renamed);
    for (const root of roots) rename(root, renamed);
    current = Object.fromEntries(kept);
  }
}

function rename(schema: JsonSchema, renamed: Map<string, string>): void {
  if (schema.$ref !== undefined) schema.$ref = renamed.get(schema.$ref) ?? schema.$ref;
  for (const part of schema.anyOf ?? []) rename(part, renamed);
  for (const part of Object.values(schema.properties ?? {})) rename(part, renamed);
  if (schema.items) rename(schema.items, renamed);
  if (schema.additionalProperties) rename(schema.additionalProperties, renamed);
}
