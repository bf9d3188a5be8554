import { invalidRequest } from '../../kernel/errors.ts';
import { fieldName, paramName } from './place.ts';
import type { Place } from './place.ts';

/** The last second of the year 9999: what is later is a mistake (milliseconds, mostly). */
const TIMESTAMP_MAX = 253_402_300_799;
const INTEGER_MAX = 999_999_999_999;

interface Range {
  min?: number;
  max?: number;
}

/** Bounds that the SDK's types cannot say, by the parameter's name. */
const ranges: [name: RegExp, range: Range][] = [
  [/^limit$/, { min: 1, max: 100 }],
  [/^(unit_amount|amount_off|quantity|flat_amount|minimum_amount)$/, { min: 0 }],
  [/^(interval_count|trial_period_days|max_redemptions|duration_in_months|redeem_by)$/, { min: 1 }],
  [/^trial_period_days$/, { max: 730 }],
  [/^days_until_due$/, { min: 0, max: 3650 }],
  [/^exp_month$/, { min: 1, max: 12 }],
  [/^day_of_month$/, { min: 1, max: 31 }],
  [/^month$/, { min: 1, max: 12 }],
  [/^hour$/, { min: 0, max: 23 }],
  [/^(minute|second)$/, { min: 0, max: 59 }],
  [
    /(_at|_end|_start|_date|_time|_by|^timestamp|^frozen_time|^billing_cycle_anchor)$/,
    { min: 0, max: TIMESTAMP_MAX },
  ],
  [/^percent_off$/, { min: 0, max: 100 }],
  [/(_percent|^percentage)$/, { min: 0, max: 100 }],
];

/** A whole number within the bounds of its parameter. */
export function checkInteger(text: string, place: Place): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || Math.abs(value) > INTEGER_MAX) {
    throw invalidRequest(
      `Invalid integer: ${text.slice(0, 80)}`,
      paramName(place),
      'parameter_invalid_integer',
    );
  }
  return checkRange(Object.is(value, -0) ? 0 : value, place);
}

/** A fraction within the bounds of its parameter. */
export function checkNumber(text: string, place: Place): number {
  const value = Number(text);
  if (!Number.isFinite(value) || Math.abs(value) > INTEGER_MAX) {
    throw invalidRequest(
      `Invalid decimal: ${text.slice(0, 80)}`,
      paramName(place),
      'parameter_invalid_decimal',
    );
  }
  return checkRange(value, place);
}

function checkRange(value: number, place: Place): number {
  const name = fieldName(place);
  for (const [pattern, { min, max }] of ranges) {
    if (!pattern.test(name)) continue;
    if (min !== undefined && value < min) {
      throw outOfRange(`greater than or equal to ${min}`, value, place);
    }
    if (max !== undefined && value > max)
      throw outOfRange(`less than or equal to ${max}`, value, place);
  }
  return value;
}

function outOfRange(bound: string, value: number, place: Place) {
  return invalidRequest(
    `This value must be ${bound} (it currently is '${value}').`,
    paramName(place),
    'parameter_invalid_integer',
  );
}
