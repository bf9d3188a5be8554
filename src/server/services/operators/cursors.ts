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

export const noCursor = () =>
  new BillingError('invalid_request', 'The cursor is none of ours; begin without one.');
