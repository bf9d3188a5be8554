/** What starts so is a formula to a spreadsheet, also behind what is invisible. */
const FORMULA = /^[\s\p{C}\p{Z}]*[-=+@＝＋－＠﹦﹢﹣﹫−]|^[\s\p{C}]/u;

/** A number, also a negative one, is none. */
const NUMBER = /^-?\d+(\.\d+)?$/;

/** A line of a CSV that no spreadsheet takes for formulas. Numbers are written as they are. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(cell).join(',')}\n`;
}

function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value) && !NUMBER.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
