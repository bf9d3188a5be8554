import type { Readable } from 'node:stream';
import type { FileWords } from '../../../domain/accounts/files/file-words.ts';
import { csvLine } from './csv.ts';
import { madeOf } from './made-of.ts';
import { CsvReader } from './read-csv.ts';

/** Without it spreadsheets read a file by the reader's old code page, and Chinese is lost. */
const BYTE_ORDER_MARK = '\uFEFF';

/**
 * A CSV that programs read, told to people: as it is read, row by row. A heading without words stands
 * as it is. Ending either of the two streams ends the other.
 */
export function csvInWords(file: Readable, words: FileWords): Readable {
  return madeOf(file, linesOf(file, words));
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

async function* rowsOf(file: Readable): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  const reader = new CsvReader();
  for await (const chunk of file) {
    yield* reader.read(typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }));
  }
  yield* reader.end();
}
