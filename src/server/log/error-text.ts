import { BillingError, SetUpError } from '../../domain/errors.ts';

/**
 * What may be known of an error outside the process, in a log line or a stored note. The database's
 * errors carry the query with all its parameters and, in `detail`, the row: of those only the code
 * and the names of what refused are told, in words of ours. What other libraries quote of somebody's
 * text, or of whom they could not reach, is left out.
 */
export interface ErrorFacts {
  type: string;
  message: string;
  code?: string;
  constraint?: string;
  table?: string;
  column?: string;
  stack?: string;
  cause?: ErrorFacts;
}

/** Wrapping may be circular in what libraries throw. */
const CAUSES_MAX = 5;

/** For log lines: with the places in the code, without anybody's data. */
export function errorFacts(thrown: unknown, depth = 0): ErrorFacts {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: 'no Error was thrown' };
  const facts: ErrorFacts = {
    type: thrown.constructor.name,
    message: ownWords(thrown),
    ...textField(thrown, 'code'),
    ...(isOfDatabase(thrown)
      ? {
          ...textField(thrown, 'constraint'),
          ...textField(thrown, 'table'),
          ...textField(thrown, 'column'),
        }
      : {}),
  };
  const stack = placesOf(thrown);
  if (stack) facts.stack = stack;
  if (thrown.cause !== undefined && depth < CAUSES_MAX) {
    facts.cause = errorFacts(thrown.cause, depth + 1);
  }
  return facts;
}

/** In a line: what happened at the bottom of what was wrapped. */
export function errorText(thrown: unknown): string {
  let error = thrown;
  for (let depth = 0; depth < CAUSES_MAX; depth += 1) {
    if (!(error instanceof Error) || !(error.cause instanceof Error)) break;
    if (error instanceof BillingError && error.code !== 'internal') break;
    if (error instanceof SetUpError) break;
    error = error.cause;
  }
  return error instanceof Error ? ownWords(error) : 'no Error was thrown';
}

/** How Node says that a text cannot be read: with the text, or the part of it that it stumbled over. */
const QUOTED_JSON = /^.*is not valid JSON$/s;

/**
 * Servers of mail, and Stripe, repeat the address that they refuse. Looked for where a word begins alone: from
 * every sign of a word anew it takes a minute for a word of 200,000, and nothing else is done meanwhile.
 */
const MAIL_ADDRESS = /(?<![^\s<>"'(),;:/])[^\s<>"'(),;:/]+@[^\s<>"'(),;:/@]+\.[^\s<>"'(),;:/@.]+/g;

function ownWords(error: Error): string {
  if (error instanceof BillingError || error instanceof SetUpError) return error.message;
  if (!isOfDatabase(error)) {
    return error.message
      .replace(QUOTED_JSON, 'what was read is not valid JSON')
      .replace(MAIL_ADDRESS, '…@…');
  }
  const names = ['code', 'table', 'constraint', 'column'].flatMap((name) => {
    const [value] = Object.values(textField(error, name));
    return value ? `${name} ${value}` : [];
  });
  return `the database refused a query${names.length > 0 ? ` (${names.join(', ')})` : ''}`;
}

/** Errors of the server (they have a severity), and the ORM's around them (they have the query). */
function isOfDatabase(error: Error): boolean {
  return 'severity' in error || 'query' in error || 'params' in error;
}

function textField(error: Error, name: string): Record<string, string> {
  const value = (error as unknown as Record<string, unknown>)[name];
  return typeof value === 'string' && value.length < 200 ? { [name]: value } : {};
}

/** The lines of the stack that name places, behind the message, in which anything may stand. */
function placesOf({ stack = '', message }: Error): string | undefined {
  const behind = stack.indexOf(message);
  const said = behind < 0 ? 0 : behind + message.length;
  const places = stack
    .slice(said)
    .split('\n')
    .filter((line) => /^\s+at /.test(line));
  return places.length > 0 ? places.join('\n') : undefined;
}
