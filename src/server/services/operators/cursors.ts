import { BillingError } from '../../../domain/errors.ts';
import { isUuid } from '../../../domain/ids.ts';

/** The id that a page ended with. 400 for what none of our lists answers. */
export function uuidCursor(cursor: string): string {
  if (isUuid(cursor)) return cursor;
  throw noCursor();
}

/** The same of lists whose ids are numbers. */
export function numberCursor(cursor: string): number {
  if (/^[1-9]\d{0,15}$/.test(cursor)) return Number(cursor);
  throw noCursor();
}

/** A place in a list that goes by instants: microseconds since 1970, and a key. */
export interface Place {
  micros: string;
  key: string;
}

export const placeCursor = ({ micros, key }: Place) =>
  Buffer.from(`${micros} ${key}`).toString('base64url');

export function placeOf(cursor: string): Place {
  const text = Buffer.from(cursor, 'base64url').toString();
  const [, micros, key] = /^(\d{1,17}) ([\w:-]{1,80})$/.exec(text) ?? [];
  if (micros !== undefined && key !== undefined) return { micros, key };
  throw noCursor();
}

export const noCursor = () =>
  new BillingError('invalid_request', 'The cursor is none of ours; begin without one.');
