import { alternatives, schemaDocument } from '../document.ts';
import type { JsonSchema } from '../json-schema.ts';

/**
 * What stands for nothing in a field of an API object, by the dotted path to it: null, or a list
 * without entries; undefined where the types know neither.
 */
export function emptyValue(object: string, path: string): unknown {
  const schema = schemaDocument.objects[object];
  const found = path.split('.').reduce<JsonSchema[]>(
    (here, step) => {
      return here.flatMap(({ properties }) => {
        const one = properties && Object.hasOwn(properties, step) ? properties[step] : undefined;
        return one === undefined ? [] : alternatives(one);
      });
    },
    schema === undefined ? [] : alternatives(schema),
  );
  if (found.some(({ type }) => type === 'null')) return null;
  const isList = found.some(({ properties }) => properties?.object?.enum?.includes('list'));
  return isList ? { object: 'list', data: [], has_more: false, url: `/v1/${path}` } : undefined;
}
