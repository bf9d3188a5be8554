/** What starts so is a formula to a spreadsheet, also behind what is invisible. */
const FORMULA = /^[\s\p{C}\p{Z}]*[-=+@＝＋－＠﹦﹢﹣﹫−]|^[\s\p{C}]/u;

/**
 * Where a formula starts inside a cell for a spreadsheet that parts cells by semicolons or tabs, as those do
 * where the comma is in numbers: they heed no quotes that begin behind a comma, and end a row at each line's end.
 */
const FORMULA_WITHIN = /(?<=[;\t\r\n][\s\p{C}\p{Z}"]*)(?=[-=+@＝＋－＠﹦﹢﹣﹫−])/gu;

/** A number, also a negative one, is none. */
const NUMBER = /^-?\d+(\.\d+)?$/;

/** A line of a CSV that no spreadsheet takes for formulas. Numbers are written as they are. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(cell).join(',')}\n`;
}

function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const begun = FORMULA.test(value) && !NUMBER.test(value) ? `'${value}` : value;
  const text = begun.replace(FORMULA_WITHIN, "'");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
