/** A stretch of a text of the runbook, which is written in Markdown. */
export interface RunbookPart {
  kind: 'plain' | 'code' | 'strong' | 'emphasis' | 'link';
  text: string;
}

const MARKED =
  /```[a-z]*\n([\s\S]*?)\n?```|`([^`]+)`|\*\*([^*]+)\*\*|(?<![\p{L}\p{N}_])_(?=\S)((?:`[^`]*`|[^_`])+)_(?![\p{L}\p{N}_])|\[([^\]]+)\]\([^)]+\)/gu;

/** The runbook's Markdown taken apart: code, strong, emphasized and linked words, each without its marks. */
export function runbookParts(text: string): RunbookPart[] {
  const parts: RunbookPart[] = [];
  let read = 0;
  for (const found of text.matchAll(MARKED)) {
    const [whole, block, code, strong, emphasis, link] = found;
    if (found.index > read) parts.push(plainPart(text.slice(read, found.index)));
    read = found.index + whole.length;
    if (emphasis === undefined) parts.push(markedPart(block ?? code, strong, link));
    // What is emphasized names alerts, which are code.
    else parts.push(...runbookParts(emphasis).map(emphasized));
  }
  if (read < text.length) parts.push(plainPart(text.slice(read)));
  return parts;
}

/** Lines are broken for those who edit the file: only paragraphs and points of a list begin anew. */
function plainPart(text: string): RunbookPart {
  return { kind: 'plain', text: text.replaceAll(/(?<!\n)\n(?!\n|- |\d+\. )/g, ' ') };
}

function markedPart(
  code: string | undefined,
  strong: string | undefined,
  link: string | undefined,
): RunbookPart {
  if (code !== undefined) return { kind: 'code', text: code };
  return strong === undefined ? { kind: 'link', text: link! } : { kind: 'strong', text: strong };
}

function emphasized(part: RunbookPart): RunbookPart {
  return part.kind === 'plain' ? { kind: 'emphasis', text: part.text } : part;
}
