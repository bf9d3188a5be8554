import { isScalar, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { isStorableJson } from '../../domain/storable.ts';

/** Of YAML 1.1 too are numbers to the bases 2, 8, 16 and 60, which nobody means: 0100 is a hundred. */
const OTHER_BASES = ['BIN', 'OCT', 'HEX', 'TIME'];
const DEPTH_MAX = 20;

/**
 * Parses and validates a YAML text by `schema`; `name` is what errors call it. Throws an Error with one
 * sentence that names the text, the place and what belongs there.
 */
export function parseYaml<T extends z.ZodType>(schema: T, text: string, name: string): z.output<T> {
  // Numbers may be grouped, as in 50_000: that is YAML 1.1's.
  const yaml = parseDocument(text, {
    version: '1.1',
    prettyErrors: true,
    customTags: (tags) =>
      tags.filter((tag) => typeof tag === 'string' || !OTHER_BASES.includes(tag.format ?? '')),
  });
  const [broken] = yaml.errors;
  if (broken) throw new Error(`${name} is not YAML: ${broken.message.split('\n')[0]}`);
  const odd = keyThatIsNoText(yaml);
  if (odd !== undefined) {
    throw new Error(
      `${name}: the key ${odd} is no text to YAML, which would make another name of it: put it into quotes.`,
    );
  }
  const value = valueOf(yaml, name);
  if (!isStorableJson(value, DEPTH_MAX)) {
    throw new Error(
      `${name} has a NUL character or half of a surrogate pair, or is nested too deeply.`,
    );
  }
  const keeper = keeperOfPrototype(value);
  if (keeper) {
    throw new Error(`${name}: ${keeper.join('.') || 'the file'}: Unrecognized key: "__proto__".`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path: place, message } = parsed.error.issues[0]!;
  throw new Error(`${name}: ${place.join('.') || 'the file'}: ${message}.`);
}

/** A name that YAML takes for something else: `no` is false, 4.10 is 4.1 and 1_000 is 1000. */
function keyThatIsNoText(yaml: ReturnType<typeof parseDocument>): string | undefined {
  let odd: string | undefined;
  visit(yaml, {
    Pair(_, { key }) {
      // `<<`, which takes over another's keys, is a symbol.
      if (isScalar(key) && ['string', 'symbol'].includes(typeof key.value)) return undefined;
      odd = isScalar(key) ? (key.source ?? String(key.value)) : String(key);
      return visit.BREAK;
    },
  });
  return odd;
}

function valueOf(yaml: ReturnType<typeof parseDocument>, name: string): unknown {
  try {
    return yaml.toJS();
  } catch (error) {
    throw new Error(`${name} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
}

/** Where a key `__proto__` stands, which zod leaves out of a record without a word. */
function keeperOfPrototype(value: unknown, place: string[] = []): string[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, '__proto__')) return place;
  for (const [key, inner] of Object.entries(value)) {
    const found = keeperOfPrototype(inner, [...place, key]);
    if (found) return found;
  }
  return undefined;
}
