import { Readable } from 'node:stream';
import type { FileWords } from '../../../domain/accounts/files/file-words.ts';
import { csvLine } from './csv.ts';

/** Without it spreadsheets read a file by the reader's old code page, and Chinese is lost. */
const BYTE_ORDER_MARK = '\uFEFF';

/**
 * A CSV that programs read, told to people: as it is read, row by row. A heading without words stands
 * as it is. Ending either of the two streams ends the other.
 */
export function csvInWords(file: Readable, words: FileWords): Readable {
  const told = Readable.from(linesOf(file, words), { objectMode: false });
  told.once('close', () => file.destroy());
  return told;
}

async function* linesOf(file: Readable, { headings, cells }: FileWords): AsyncGenerator<string> {
  let columns: string[] | undefined;
  for await (const row of rowsOf(file)) {
    if (columns === undefined) {
      columns = row;
      yield BYTE_ORDER_MARK + csvLine(columns.map((column) => headings[column] ?? column));
      continue;
    }
    const of = (column: string) => row[columns!.indexOf(column)] ?? '';
    yield csvLine(columns.map((column, n) => cells[column]?.(row[n] ?? '', of) ?? row[n] ?? ''));
  }
}

/** The rows of a CSV (RFC 4180); cells may hold commas, quotes and ends of lines. */
async function* rowsOf(file: Readable): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  let row: string[] = [];
  let cell = '';
  /** `quote` is a quote inside of quotes: the end of the cell, or one half of a quote in it. */
  let state: 'plain' | 'quoted' | 'quote' = 'plain';
  for await (const chunk of file) {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    for (const sign of text) {
      if (state === 'quoted' && sign !== '"') cell += sign;
      else if (state === 'quoted') state = 'quote';
      else if (sign === '"') {
        if (state === 'quote') cell += sign;
        state = 'quoted';
      } else {
        state = 'plain';
        if (sign !== ',' && sign !== '\n') cell += sign;
        else {
          row.push(cell);
          cell = '';
        }
        if (sign === '\n') {
          yield row;
          row = [];
        }
      }
    }
  }
}
