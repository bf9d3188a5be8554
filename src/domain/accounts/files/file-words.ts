/** The languages of files for people; as `?lang=` names them. */
export const FILE_LANGUAGES = ['zh', 'en'] as const;
export type FileLanguage = (typeof FILE_LANGUAGES)[number];

/** A cell of the row that is told, by the machine's name of its column; empty where there is none. */
export type CellOf = (column: string) => string;

/**
 * How a file that programs read is told to people: the heading of each column by the machine's name,
 * and of some columns what stands in a cell. What has no words stands as it is.
 */
export interface FileWords {
  headings: Readonly<Record<string, string>>;
  cells: Readonly<Record<string, (cell: string, row: CellOf) => string>>;
}

/** A word of a closed list; what a later version may write in it stands as it is. */
export function wordOf(words: Readonly<Record<string, string>>, value: string): string {
  return Object.hasOwn(words, value) ? words[value]! : value;
}
