import { sourceFiles, type SourceFile } from './files.ts';

export interface Mention {
  file: string;
  line: number;
  text: string;
}

/** Every page of the repository, with `/` in its path. */
export const pages: SourceFile[] = sourceFiles('.', ['.md']);

const FENCE = /^(```|~~~)/;

/** The page's prose: lines inside code fences are blanked, so that line numbers stay. */
export function prose(page: SourceFile): string[] {
  let fenced = false;
  return page.text.split('\n').map((line) => {
    if (FENCE.test(line.trim())) {
      fenced = !fenced;
      return '';
    }
    return fenced ? '' : line;
  });
}

function mentions(page: SourceFile, pattern: RegExp): Mention[] {
  return prose(page).flatMap((text, index) =>
    [...text.matchAll(pattern)].map((match) => ({
      file: page.path,
      line: index + 1,
      text: match[1]!,
    })),
  );
}

/** Targets of `[…](target)` and `![…](target)`, without those that lead to other sites. */
export function links(page: SourceFile): Mention[] {
  return mentions(page, /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g).filter(
    ({ text }) => !/^(https?|mailto):/.test(text),
  );
}

/** What stands in single backticks. */
export function codeSpans(page: SourceFile): Mention[] {
  return mentions(page, /(?<!`)`([^`]+)`(?!`)/g);
}

/** The blocks between code fences, with their language; lines are trimmed unless `indented`. */
export function codeBlocks(
  page: SourceFile,
  { indented = false } = {},
): { language: string; lines: string[] }[] {
  const blocks: { language: string; lines: string[] }[] = [];
  let open: { language: string; lines: string[] } | undefined;
  for (const line of page.text.split('\n')) {
    const fence = /^\s*(?:```|~~~)(\w*)/.exec(line);
    if (fence && open) {
      blocks.push(open);
      open = undefined;
    } else if (fence) open = { language: fence[1]!, lines: [] };
    else open?.lines.push(indented ? line : line.trim());
  }
  return blocks;
}

export function headings(page: SourceFile): { depth: number; text: string }[] {
  return prose(page).flatMap((line) => {
    const match = /^(#{1,6})\s+(.*?)\s*$/.exec(line);
    return match ? [{ depth: match[1]!.length, text: match[2]! }] : [];
  });
}

/** The anchors that a page's headings get where it is shown. */
export function anchors(page: SourceFile): Set<string> {
  const slugs = headings(page).map(({ text }) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );
  return new Set(slugs);
}

/** Rows of the tables of a page: the cells of each, trimmed. */
export function tableRows(page: SourceFile): string[][] {
  return prose(page)
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf('|'))
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}
