import { invalidRequest } from '../../kernel/errors.ts';
import { alternatives, getEndpoint } from '../document.ts';
import type { JsonSchema } from '../json-schema.ts';

/**
 * Throws 400 for a path of `expand` that the endpoint's answer does not declare, or that leads to
 * something which is no object of its own. Whether there is anything to expand does not matter.
 */
export function assertExpandable(endpoint: string, paths: readonly string[]): void {
  for (const path of paths) {
    const ends = follow(parts(getEndpoint(endpoint).response), path.split('.'));
    if (ends.some(isExpandable)) continue;
    throw invalidRequest(`This property cannot be expanded (${path}).`, 'expand');
  }
}

/** What the path may lead to: the alternatives of the last property, through arrays. */
function follow(from: JsonSchema[], steps: string[]): JsonSchema[] {
  return steps.reduce((here, step) => {
    return here.flatMap(({ properties }) => {
      const found = properties && Object.hasOwn(properties, step) ? properties[step] : undefined;
      return found === undefined ? [] : parts(found);
    });
  }, from);
}

function parts(schema: JsonSchema): JsonSchema[] {
  return alternatives(schema).flatMap((one) =>
    one.items === undefined ? [one] : parts(one.items),
  );
}

/** An object, a list of them, or the id of one. */
function isExpandable({ type, reference }: JsonSchema): boolean {
  return type === 'object' || reference === true;
}
