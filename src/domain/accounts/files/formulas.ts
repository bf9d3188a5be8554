/**
 * What a spreadsheet would take for a formula, as regular expressions that JavaScript (with `u`) and
 * PostgreSQL read alike: files are written by both.
 */

/** What begins a formula; full-width and small signs do too. */
const SIGNS = '-=+@＝＋－＠﹦﹢﹣﹫−';

/**
 * What is not seen, and what some programs cut off before they look: controls, spaces, joiners, marks of
 * direction, fillers, signs for private use.
 */
const UNSEEN = [
  ...['\\u0001-\\u0020', '\\u007f-\\u00a0', '\\u00ad', '\\u034f', '\\u0600-\\u0605', '\\u061c'],
  ...['\\u06dd', '\\u070f', '\\u0890\\u0891', '\\u08e2', '\\u115f\\u1160', '\\u1680'],
  ...['\\u17b4\\u17b5', '\\u180b-\\u180f', '\\u2000-\\u200f', '\\u2028-\\u202f'],
  ...['\\u205f-\\u206f', '\\u3000', '\\u3164', '\\ue000-\\uf8ff', '\\ufe00-\\ufe0f', '\\ufeff'],
  ...['\\uffa0', '\\ufff0-\\ufffb', '\u{110bd}\u{110cd}', '\u{13430}-\u{1343f}'],
  ...['\u{1bca0}-\u{1bca3}', '\u{1d173}-\u{1d17a}', '\u{e0000}-\u{e0fff}', '\u{f0000}-\u{10fffd}'],
].join('');

/** A cell that begins so is written with a quote before it. */
export const FORMULA = `^[${SIGNS}${UNSEEN}]`;

/** A number, also a negative one, is none. */
export const NUMBER = '^-?\\d+(\\.\\d+)?$';

/** Where a spreadsheet may part a cell that we wrote as one. */
export const PARTING = '[;\\t\\r\\n]';

/**
 * Where a formula starts inside a cell for a spreadsheet that parts cells by semicolons or tabs, as those do
 * where the comma is in numbers: they heed no quotes that begin behind a comma, and end a row at each line's end.
 */
export const FORMULA_WITHIN = `(?<=${PARTING}[${UNSEEN}"]*)(?=[${SIGNS}])`;
