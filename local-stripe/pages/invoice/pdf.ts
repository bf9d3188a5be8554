/**
 * A small PDF writer: text and thin lines on A4, nothing more. Latin text uses the standard
 * Helvetica; anything else the standard simplified Chinese font that readers bring along, so that
 * no font has to be shipped.
 */
export interface PdfText {
  x: number;
  /** From the top edge, in points. */
  y: number;
  text: string;
  size: number;
  bold?: boolean;
  align?: 'left' | 'right';
  grey?: boolean;
}

export interface PdfRule {
  x: number;
  y: number;
  width: number;
}

export interface PdfPage {
  texts: PdfText[];
  rules: PdfRule[];
}

export const pdfPageWidth = 595;
export const pdfPageHeight = 842;

/** The bytes of a PDF 1.4 file with these pages. */
export function writePdf(pages: PdfPage[], title: string): Uint8Array<ArrayBuffer> {
  const objects: string[] = [];
  const add = (body: string): number => objects.push(body);
  const catalog = add('');
  const tree = add('');
  const regular = add(latinFont('Helvetica'));
  const bold = add(latinFont('Helvetica-Bold'));
  const descriptor = add(
    '<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] ' +
      '/ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>',
  );
  const descendant = add(
    '<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000 ' +
      '/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> ' +
      `/FontDescriptor ${descriptor} 0 R >>`,
  );
  const chinese = add(
    '<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H ' +
      `/DescendantFonts [${descendant} 0 R] >>`,
  );
  const fonts = `<< /F1 ${regular} 0 R /F2 ${bold} 0 R /F3 ${chinese} 0 R >>`;
  const kids = pages.map((page) => {
    const content = pageContent(page);
    const stream = add(`<< /Length ${content.length} >>\nstream\n${content}\nendstream`);
    return add(
      `<< /Type /Page /Parent ${tree} 0 R /MediaBox [0 0 ${pdfPageWidth} ${pdfPageHeight}] ` +
        `/Resources << /Font ${fonts} >> /Contents ${stream} 0 R >>`,
    );
  });
  const info = add(`<< /Title ${utf16Hex(title, true)} /Producer (Local Stripe) >>`);
  objects[catalog - 1] = `<< /Type /Catalog /Pages ${tree} 0 R >>`;
  objects[tree - 1] =
    `<< /Type /Pages /Kids [${kids.map((kid) => `${kid} 0 R`).join(' ')}] /Count ${kids.length} >>`;
  return assemble(objects, catalog, info);
}

function assemble(objects: string[], catalog: number, info: number): Uint8Array<ArrayBuffer> {
  let file = '%PDF-1.4\n';
  const offsets = objects.map((body, index) => {
    const offset = file.length;
    file += `${index + 1} 0 obj\n${body}\nendobj\n`;
    return offset;
  });
  const start = file.length;
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`;
  for (const offset of offsets) file += `${String(offset).padStart(10, '0')} 00000 n \n`;
  file += `trailer\n<< /Size ${objects.length + 1} /Root ${catalog} 0 R /Info ${info} 0 R >>\n`;
  file += `startxref\n${start}\n%%EOF\n`;
  // Every character above is below 256, so that offsets in characters are offsets in bytes.
  return Uint8Array.from(file, (character) => character.charCodeAt(0));
}

function latinFont(name: string): string {
  return `<< /Type /Font /Subtype /Type1 /BaseFont /${name} /Encoding /WinAnsiEncoding >>`;
}

function pageContent(page: PdfPage): string {
  const rules = page.rules.map(({ x, y, width }) => {
    const fromBottom = pdfPageHeight - y;
    return `0.8 G 0.7 w ${x} ${fromBottom} m ${x + width} ${fromBottom} l S`;
  });
  const texts = page.texts.map((item) => {
    const x = item.align === 'right' ? item.x - textWidth(item) : item.x;
    const grey = item.grey === true ? '0.4 g' : '0 g';
    const place = `${x.toFixed(2)} ${pdfPageHeight - item.y} Td`;
    return `BT ${grey} ${place} ${runsOf(item.text)
      .map((run) => showRun(item, run))
      .join(' ')} ET`;
  });
  return [...rules, ...texts].join('\n');
}

interface Run {
  text: string;
  isLatin: boolean;
}

/** Stretches of text that one of the fonts can set. */
function runsOf(text: string): Run[] {
  const runs: Run[] = [];
  for (const character of text) {
    const latin = isLatin(character);
    const last = runs.at(-1);
    if (last?.isLatin === latin) last.text += character;
    else runs.push({ text: character, isLatin: latin });
  }
  return runs;
}

/** The reader goes on where the last run ended, so only the first needs a place. */
function showRun(item: PdfText, { text, isLatin: latin }: Run): string {
  const font = latin ? (item.bold === true ? 'F2' : 'F1') : 'F3';
  const shown = latin ? `(${escapeLatin(text)})` : utf16Hex(text, false);
  return `/${font} ${item.size} Tf ${shown} Tj`;
}

function isLatin(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return (code >= 0x20 && code <= 0x7e) || (code >= 0xa0 && code <= 0xff);
}

function escapeLatin(text: string): string {
  return text.replace(/[\\()]/g, '\\$&');
}

/** Characters beyond the basic plane have no place in UCS-2 and are shown as a box. */
function utf16Hex(text: string, withMark: boolean): string {
  const units = [...text].map((character) => {
    const code = character.codePointAt(0) ?? 0;
    return (code > 0xffff ? 0x25a1 : code).toString(16).padStart(4, '0');
  });
  return `<${withMark ? 'feff' : ''}${units.join('')}>`;
}

/** Helvetica's advance widths for what amounts and dates are made of, in thousandths of the size. */
const narrow: Record<string, number> = {
  ' ': 278, '.': 278, ',': 278, ':': 278, '-': 333, '/': 278, '(': 333, ')': 333, i: 222, l: 222,
  t: 278, f: 278, j: 222, r: 333, I: 278, m: 833, w: 722, M: 833, W: 944, c: 500, s: 500, k: 500,
  v: 500, x: 500, y: 500, z: 500, C: 722, D: 722, H: 722, N: 722, R: 722, U: 722, G: 778, O: 778,
  A: 667, B: 667, E: 667, K: 667, P: 667, S: 667, V: 667, X: 667, Y: 667, '%': 889,
}; // prettier-ignore

/** Helvetica-Bold is wider than Helvetica, by about this much over a word. */
const boldFactor = 1.06;

/** How wide a text is set, in points: exact enough to be right-aligned (amounts, numbers). */
export function textWidth(item: { text: string; size: number; bold?: boolean }): number {
  let thousandths = 0;
  for (const character of item.text) {
    if (!isLatin(character)) thousandths += 1000;
    else thousandths += (narrow[character] ?? 556) * (item.bold === true ? boldFactor : 1);
  }
  return (thousandths * item.size) / 1000;
}
