const BYTE_ORDER_MARK = /^\uFEFF/;

/**
 * The rows of a CSV (RFC 4180) that comes in pieces: cells may hold commas, quotes and ends of lines, and
 * lines may end as on Windows. The last row counts without an end of its line too.
 */
export class CsvReader {
  #row: string[] = [];
  #cell = '';
  #begun = false;
  /** `quote` is a quote inside of quotes: the end of the cell, or one half of a quote in it. */
  #state: 'plain' | 'quoted' | 'quote' = 'plain';

  /** The rows that `text` brings to their end. */
  *read(text: string): Generator<string[]> {
    const piece = this.#begun ? text : text.replace(BYTE_ORDER_MARK, '');
    this.#begun ||= text !== '';
    for (const sign of piece) {
      if (this.#state === 'quoted') {
        if (sign === '"') this.#state = 'quote';
        else this.#cell += sign;
      } else if (sign === '"') {
        if (this.#state === 'quote') this.#cell += sign;
        this.#state = 'quoted';
      } else {
        this.#state = 'plain';
        if (sign === ',') this.#endCell();
        else if (sign === '\n') yield this.#endRow();
        else this.#cell += sign;
      }
    }
  }

  /** What is left when nothing more comes. */
  *end(): Generator<string[]> {
    if (this.#cell !== '' || this.#row.length > 0) yield this.#endRow();
  }

  #endCell(): void {
    this.#row.push(this.#cell);
    this.#cell = '';
  }

  #endRow(): string[] {
    if (this.#cell.endsWith('\r')) this.#cell = this.#cell.slice(0, -1);
    this.#endCell();
    const row = this.#row;
    this.#row = [];
    return row;
  }
}

/** The rows of a whole file. */
export function readCsv(text: string): string[][] {
  const reader = new CsvReader();
  return [...reader.read(text), ...reader.end()];
}
