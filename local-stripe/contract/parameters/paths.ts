import { alternatives, getEndpoint } from '../../schema/document.ts';
import type { JsonSchema } from '../../schema/json-schema.ts';

/** One parameter: the keys that lead to it (`0` into an array), and what it may be. */
export interface Parameter {
  path: string[];
  schema: JsonSchema;
}

/** `items[0][price]` */
export const nameOf = (path: string[]): string =>
  path.map((key, i) => (i === 0 ? key : `[${key}]`)).join('');

/** The parameters right below one, or of the endpoint itself. */
export function parametersBelow(schema: JsonSchema | undefined, path: string[] = []): Parameter[] {
  if (schema === undefined) return [];
  const found = new Map<string, Parameter>();
  for (const option of alternatives(schema)) {
    if (option.type === 'array' && option.items !== undefined) {
      for (const one of parametersBelow(option.items, [...path, '0'])) {
        found.set(nameOf(one.path), one);
      }
    }
    for (const [key, property] of Object.entries(option.properties ?? {})) {
      const one = { path: [...path, key], schema: property };
      found.set(nameOf(one.path), one);
    }
  }
  return [...found.values()];
}

export const parametersOf = (endpoint: string): Parameter[] =>
  parametersBelow(getEndpoint(endpoint).params);
