import { parseDocument } from 'yaml';
import type { z } from 'zod';

/**
 * Parses and validates a YAML text by `schema`; `name` is what errors call it. Throws an Error with one
 * sentence that names the text, the place and what belongs there.
 */
export function parseYaml<T extends z.ZodType>(schema: T, text: string, name: string): z.output<T> {
  // Numbers may be grouped, as in 50_000: that is YAML 1.1's.
  const yaml = parseDocument(text, { version: '1.1', prettyErrors: true });
  const [broken] = yaml.errors;
  if (broken) throw new Error(`${name} is not YAML: ${broken.message.split('\n')[0]}`);
  const parsed = schema.safeParse(yaml.toJS());
  if (parsed.success) return parsed.data;
  const { path: place, message } = parsed.error.issues[0]!;
  throw new Error(`${name}: ${place.join('.') || 'the file'}: ${message}.`);
}
