import { invalidRequest } from '../../kernel/errors.ts';

/** One comparison of a query: `-metadata["tenant"]:"t_1"`. */
export interface Clause {
  field: string;
  /** The key, when the field is metadata. */
  key: string | null;
  operator: ':' | '~' | '=' | '>' | '<' | '>=' | '<=';
  /** Null for the word null: the field is absent. */
  value: string | null;
  negated: boolean;
}

export interface Query {
  clauses: Clause[];
  /** All clauses, or any: one query does not mix them. */
  joined: 'and' | 'or';
}

const clausePattern =
  /^(-?)([a-z_.]+)(?:\[\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*\])?\s*(>=|<=|[:~=<>])\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([\w.+-]+))\s*/i;
const maxClauses = 10;

/** Reads Stripe's search query language. Throws 400 where it is not that. */
export function parseQuery(text: string): Query {
  const clauses: Clause[] = [];
  const joiners = new Set<string>();
  let rest = text.trim();
  while (rest !== '') {
    const match = clausePattern.exec(rest);
    if (!match) throw malformed(rest);
    const [whole, minus, field = '', double, single, operator, value1, value2, bare] = match;
    const key = double ?? single ?? null;
    const quoted = value1 ?? value2;
    clauses.push({
      field: field.toLowerCase(),
      key: key === null ? null : unescape(key),
      operator: operator as Clause['operator'],
      value: quoted === undefined ? bareValue(bare) : unescape(quoted),
      negated: minus === '-',
    });
    rest = rest.slice(whole.length);
    if (rest === '') break;
    // Clauses side by side are joined by AND.
    const joiner = /^(and|or)\s+/i.exec(rest);
    joiners.add((joiner?.[1] ?? 'and').toLowerCase());
    rest = rest.slice(joiner?.[0].length ?? 0);
    if (rest === '') throw malformed(text);
  }
  if (clauses.length === 0) throw malformed(text);
  if (clauses.length > maxClauses) throw refused(`a query has up to ${maxClauses} clauses.`);
  if (joiners.size > 1) throw refused('AND and OR cannot be combined in one query.');
  return { clauses, joined: joiners.has('or') ? 'or' : 'and' };
}

const bareValue = (bare: string | undefined): string | null =>
  bare === undefined || bare.toLowerCase() === 'null' ? null : bare;

const unescape = (text: string): string => text.replace(/\\(.)/g, '$1');

const malformed = (rest: string) => refused(`it cannot be read at \`${rest.slice(0, 60)}\`.`);

/** 400 for a query that Stripe would not run. */
export const refused = (reason: string) =>
  invalidRequest(`We were unable to parse your search query: ${reason}`, 'query');
