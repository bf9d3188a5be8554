import { FORMULA, FORMULA_WITHIN, NUMBER } from '../../../domain/accounts/files/formulas.ts';

const formula = new RegExp(FORMULA, 'u');
const formulaWithin = new RegExp(FORMULA_WITHIN, 'gu');
const number = new RegExp(NUMBER, 'u');

/** A line of a CSV that no spreadsheet takes for formulas. Numbers are written as they are. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(cell).join(',')}\n`;
}

function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const begun = formula.test(value) && !number.test(value) ? `'${value}` : value;
  const text = begun.replace(formulaWithin, "'");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
