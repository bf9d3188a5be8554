import { readText, sourceFiles } from './files.ts';

/** A row of a table in a document that names a test: its first cell, the file, and the title. */
export interface NamedTest {
  name: string;
  file: string;
  title: string;
}

/** The cells of each row of the tables of a document whose first cell begins as `first` says. */
export function tableRows(document: string, first: RegExp): string[][] {
  return readText(document)
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .filter(([cell = '']) => first.test(cell));
}

/** What is named and is not there: a file, or a test of that title in it. */
export function missingTests(rows: readonly NamedTest[]): string[] {
  return rows.flatMap(({ name, file, title }) => {
    const text = readText(file.replaceAll('`', ''));
    const isTitle = ["'", '"', '`'].some((quote) => text.includes(`${quote}${title}${quote}`));
    return isTitle ? [] : [`${name}: ${title}`];
  });
}

/** The files of tests that some text names, by their end, and that do not exist. */
export function missingTestFiles(text: string): string[] {
  const files = ['src', 'tests'].flatMap((folder) => sourceFiles(folder, ['.ts']));
  const named = [...text.matchAll(/`([\w./-]+\.test\.ts)`/g)].map(([, file]) => file!);
  return named.filter((file) => !files.some(({ path }) => `/${path}`.endsWith(`/${file}`)));
}
