import { GRANT_MICRO_MAX, MICRO_PER_CREDIT } from '../../src/domain/billing/credits.ts';
import { isUuid } from '../../src/domain/ids.ts';
import { parsePeriod, type Period } from '../../src/domain/period.ts';
import { isResourceType, RESOURCE_TYPES, type ResourceType } from '../../src/domain/quota.ts';
import { errorText } from '../../src/server/log/error-text.ts';
import { CommandUsageError } from './command.ts';
import { readFileError } from './file-error.ts';

/*
 * What was typed after a flag, read. What cannot be, whatever there is in the database, is mistyped, and is
 * told with the name of its flag.
 */

const RESOURCES = RESOURCE_TYPES.join(', ');

/** Which resource a command is about. */
export const RESOURCE_FLAG = {
  resource: { type: 'string', value: 'NAME', about: RESOURCES, required: true },
} as const;

/** The resource that was typed. */
export function typedResource(typed: string): ResourceType {
  if (isResourceType(typed)) return typed;
  throw new CommandUsageError(`There is no resource "${typed}"; there are ${RESOURCES}.`);
}

/** A month; `undefined` where none was typed. */
export function typedPeriod(typed: string | undefined): Period | undefined {
  if (typed === undefined) return undefined;
  const period = parsePeriod(typed);
  if (period !== undefined) return period;
  throw new CommandUsageError(`--period "${typed}" is no month: write it as YYYY-MM.`);
}

/** The id of a row, a UUID. */
export function typedId(flag: string, typed: string): string {
  if (isUuid(typed)) return typed;
  throw new CommandUsageError(`--${flag} "${typed}" is no id.`);
}

/** The id of a row of the ledger, a number. */
export function typedRow(flag: string, typed: string): string {
  if (/^[1-9]\d{0,17}$/.test(typed)) return typed;
  throw new CommandUsageError(`--${flag} "${typed}" is no number of a row.`);
}

/** What a file says that was named. What is wrong in it is mistyped; that it cannot be opened ends as with any file. */
export function typedFile<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (readFileError(error) !== undefined) throw error;
    throw new CommandUsageError(errorText(error));
  }
}

/** A day, which begins at midnight UTC, or an instant; `undefined` where none was typed. */
export function typedInstant(flag: string, typed: string): Date;
export function typedInstant(flag: string, typed: string | undefined): Date | undefined;
export function typedInstant(flag: string, typed: string | undefined): Date | undefined {
  if (typed === undefined) return undefined;
  const instant = new Date(typed);
  if (/^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$/.test(typed) && !Number.isNaN(instant.getTime())) {
    return instant;
  }
  throw new CommandUsageError(
    `--${flag} takes a day, as 2026-12-24, or an instant, as 2026-12-24T18:00Z.`,
  );
}

/** A whole number within bounds. */
export function typedWhole(
  flag: string,
  typed: string,
  { min, max }: { min: number; max: number },
): number {
  if (isWhole(typed, min, max)) return Number(typed);
  throw new CommandUsageError(
    `--${flag} "${typed}": it takes a whole number from ${min} to ${max}.`,
  );
}

function isWhole(typed: string, min: number, max: number): boolean {
  return /^\d{1,16}$/.test(typed) && Number(typed) >= min && Number(typed) <= max;
}

/** A sum in the smallest unit of a currency; `undefined` where none was typed. */
export function typedMinor(
  flag: string,
  typed: string | undefined,
  { min, max } = { min: 1, max: Number.MAX_SAFE_INTEGER },
): number | undefined {
  if (typed === undefined) return undefined;
  if (isWhole(typed, min, max)) return Number(typed);
  throw new CommandUsageError(
    `--${flag} "${typed}": it takes a whole number from ${min} to ${max}, as 300 for 3.00.`,
  );
}

/** Units to add, or to take off. */
export function typedUnits(flag: string, typed: string): number {
  if (/^-?\d{1,13}$/.test(typed) && Number(typed) !== 0) return Number(typed);
  throw new CommandUsageError(
    `--${flag} "${typed}": it takes a whole number other than 0, with a minus to take off.`,
  );
}

/** Credits, as 5 or 0.25: whole µcr of them. */
export function typedCredits(typed: string): number {
  const micro = Math.round(Number(typed) * MICRO_PER_CREDIT);
  if (/^\d{1,7}(\.\d{1,6})?$/.test(typed) && micro >= 1 && micro <= GRANT_MICRO_MAX) {
    return Number(typed);
  }
  throw new CommandUsageError(
    `--credits "${typed}" is no number of credits: write 5 or 0.25, with six digits behind the point at most.`,
  );
}
