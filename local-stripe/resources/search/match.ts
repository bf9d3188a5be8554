import { fieldValue, searchFields } from './fields.ts';
import { refused } from './query.ts';
import type { Clause, Query } from './query.ts';

/** The condition that a query states about objects of one kind. Throws 400 for unknown fields. */
export function matcherOf(kind: string, query: Query): (object: object) => boolean {
  const tests = query.clauses.map((clause) => testOf(kind, clause));
  return query.joined === 'or'
    ? (object) => tests.some((test) => test(object))
    : (object) => tests.every((test) => test(object));
}

function testOf(kind: string, clause: Clause): (object: object) => boolean {
  const compare = clause.field === 'metadata' ? metadataTest(clause) : fieldTest(kind, clause);
  return clause.negated ? (object) => !compare(object) : compare;
}

function metadataTest({ key, operator, value }: Clause): (object: object) => boolean {
  if (key === null) throw refused('metadata is searched by key: metadata["key"]:"value".');
  const read = (object: object): string | undefined => {
    const { metadata } = object as { metadata?: Record<string, string> | null };
    return metadata && Object.hasOwn(metadata, key) ? metadata[key] : undefined;
  };
  if (value === null) return (object) => read(object) === undefined;
  if (operator === ':') return (object) => isSame(read(object), value);
  if (operator === '~') return partTest(read, value);
  return numericTest(operator, value, read);
}

function fieldTest(kind: string, { field, key, operator, value }: Clause) {
  const type = searchFields[kind]?.[field];
  if (type === undefined || key !== null) throw refused(`\`${field}\` is no field of a ${kind}.`);
  const read = (object: object) => fieldValue(object, field);
  if (value === null) return (object: object) => (read(object) ?? null) === null;
  if (type === 'numeric') return numericTest(operator, value, read);
  if (operator === ':') return (object: object) => isSame(read(object), value);
  if (operator === '~' && type === 'string') return partTest(read, value);
  throw refused(`\`${field}\` cannot be compared by \`${operator}\`.`);
}

function numericTest(operator: string, value: string, read: (object: object) => unknown) {
  if (operator === '~') throw refused('numbers cannot be compared by `~`.');
  const wanted = Number(value);
  if (!Number.isFinite(wanted)) throw refused(`${value.slice(0, 40)} is no number.`);
  return (object: object): boolean => {
    const found = read(object);
    if (found === null || found === undefined) return false;
    const number = Number(found);
    if (operator === '>') return number > wanted;
    if (operator === '<') return number < wanted;
    if (operator === '>=') return number >= wanted;
    if (operator === '<=') return number <= wanted;
    return number === wanted;
  };
}

function isSame(found: unknown, wanted: string): boolean {
  if (found === null || found === undefined) return false;
  return String(found).toLowerCase() === wanted.toLowerCase();
}

function partTest(read: (object: object) => unknown, wanted: string) {
  if (wanted.length < 3) throw refused('`~` needs at least three characters.');
  const part = wanted.toLowerCase();
  return (object: object): boolean => {
    const found = read(object);
    return typeof found === 'string' && found.toLowerCase().includes(part);
  };
}
