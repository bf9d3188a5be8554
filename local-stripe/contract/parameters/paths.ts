import { alternatives, getEndpoint } from '../../schema/document.ts';
import type { JsonSchema } from '../../schema/json-schema.ts';

/** One parameter: the keys that lead to it (`0` into an array), and what it may be. */
export interface Parameter {
  path: string[];
  schema: JsonSchema;
}

/** What a map has for each of its keys, if those are objects: what a price is in other currencies. */
export function valueOfMap({ additionalProperties: value }: JsonSchema): JsonSchema | null {
  if (!value) return null;
  return alternatives(value).find(({ properties }) => properties !== undefined) ?? null;
}
export const mapKey = 'usd';

/** `items[0][price]` */
export const nameOf = (path: string[]): string =>
  path.map((key, i) => (i === 0 ? key : `[${key}]`)).join('');

/** The parameters right below one, or of the endpoint itself. */
export function parametersBelow(schema: JsonSchema | undefined, path: string[] = []): Parameter[] {
  if (schema === undefined) return [];
  const found = new Map<string, Parameter>();
  const add = (more: Parameter[]) => {
    for (const one of more) found.set(nameOf(one.path), one);
  };
  for (const option of alternatives(schema)) {
    if (option.type === 'array' && option.items !== undefined) {
      add(parametersBelow(option.items, [...path, '0']));
    }
    const value = valueOfMap(option);
    if (value !== null) add(parametersBelow(value, [...path, mapKey]));
    add(
      Object.entries(option.properties ?? {}).map(([key, property]) => ({
        path: [...path, key],
        schema: property,
      })),
    );
  }
  return [...found.values()];
}

/** Of an endpoint, without `expand`, which has a suite of its own. */
export const parametersOf = (endpoint: string): Parameter[] =>
  parametersBelow(getEndpoint(endpoint).params).filter(({ path }) => path[0] !== 'expand');
