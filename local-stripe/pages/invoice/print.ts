import { pdfPageHeight, pdfPageWidth, textWidth, writePdf } from './pdf.ts';
import type { PdfPage, PdfText } from './pdf.ts';
import type { InvoiceView } from './view.ts';

const left = 50;
const right = pdfPageWidth - 50;
const columns = { quantity: right - 190, unitPrice: right - 95 };
const bottom = pdfPageHeight - 80;

/** The invoice as a PDF: the same facts, lines and totals that its page shows. */
export function printInvoice(
  view: InvoiceView,
  named: (text: string) => string = (text) => text,
): Uint8Array<ArrayBuffer> {
  const { invoice } = view.page.words;
  const sheet = new Sheet();
  sheet.write({ x: left, text: invoice.title(view.number), size: 20, bold: true });
  sheet.write({ x: right, text: named(view.merchant), size: 12, bold: true, align: 'right' });
  sheet.down(34);
  const top = sheet.y;
  for (const { label, value } of view.facts) {
    sheet.write({ x: left, text: label, size: 9, grey: true });
    sheet.write({ x: left + 110, text: value, size: 9 });
    sheet.down(14);
  }
  const factsEnd = sheet.y;
  sheet.y = top;
  sheet.write({ x: left + 310, text: invoice.billTo, size: 9, grey: true });
  for (const line of view.billTo) {
    sheet.down(14);
    sheet.write({ x: left + 310, text: line, size: 9 });
  }
  sheet.y = Math.max(factsEnd, sheet.y + 14) + 18;
  sheet.write({ x: left, text: view.headline.figure, size: 16, bold: true });
  sheet.down(16);
  sheet.write({ x: left, text: view.headline.text, size: 9, grey: true });
  sheet.down(34);
  heading(sheet, view);
  for (const line of view.lines) {
    if (sheet.y > bottom - 40) {
      sheet.turn();
      heading(sheet, view);
    }
    for (const text of wrap(named(line.description), 9, columns.quantity - left - 60)) {
      sheet.write({ x: left, text, size: 9 });
      sheet.down(12);
    }
    sheet.y -= 12;
    sheet.write({ x: columns.quantity, text: line.quantity, size: 9, align: 'right' });
    sheet.write({ x: columns.unitPrice, text: line.unitPrice, size: 9, align: 'right' });
    sheet.write({ x: right, text: line.amount, size: 9, align: 'right' });
    if (line.period !== null) {
      sheet.down(12);
      sheet.write({ x: left, text: line.period, size: 8, grey: true });
    }
    sheet.down(20);
  }
  sheet.rule(left, right - left);
  sheet.down(20);
  for (const { label, value, strong } of view.totals) {
    if (sheet.y > bottom) sheet.turn();
    sheet.write({ x: columns.quantity - 40, text: label, size: 9, bold: strong });
    sheet.write({ x: right, text: value, size: 9, bold: strong, align: 'right' });
    sheet.down(16);
  }
  for (const text of wrap(view.note ?? '', 9, right - left)) {
    sheet.write({ x: left, text, size: 9 });
    sheet.down(14);
  }
  for (const text of wrap(view.footer ?? '', 8, right - left)) {
    if (sheet.y > bottom) sheet.turn();
    sheet.write({ x: left, text, size: 8, grey: true });
    sheet.down(12);
  }
  return writePdf(sheet.finish(view), invoice.title(view.number));
}

function heading(sheet: Sheet, view: InvoiceView): void {
  const { invoice } = view.page.words;
  const small = { size: 8, grey: true };
  sheet.write({ x: left, text: invoice.description, ...small });
  sheet.write({ x: columns.quantity, text: invoice.quantity, align: 'right', ...small });
  sheet.write({ x: columns.unitPrice, text: invoice.unitPrice, align: 'right', ...small });
  sheet.write({ x: right, text: invoice.amount, align: 'right', ...small });
  sheet.down(7);
  sheet.rule(left, right - left);
  sheet.down(16);
}

/** Writes from top to bottom over as many pages as it takes. */
class Sheet {
  y = 70;
  #pages: PdfPage[] = [{ texts: [], rules: [] }];

  write(item: Omit<PdfText, 'y'>): void {
    this.#page.texts.push({ ...item, y: this.y });
  }

  rule(x: number, width: number): void {
    this.#page.rules.push({ x, y: this.y, width });
  }

  down(points: number): void {
    this.y += points;
  }

  turn(): void {
    this.#pages.push({ texts: [], rules: [] });
    this.y = 70;
  }

  /** Numbers the pages once it is known how many there are. */
  finish(view: InvoiceView): PdfPage[] {
    for (const [index, page] of this.#pages.entries()) {
      const text = view.page.words.invoice.pageOf(index + 1, this.#pages.length);
      page.texts.push({
        x: right,
        y: pdfPageHeight - 40,
        text,
        size: 8,
        align: 'right',
        grey: true,
      });
      page.texts.push({
        x: left,
        y: pdfPageHeight - 40,
        text: view.page.words.footer,
        size: 8,
        grey: true,
      });
    }
    return this.#pages;
  }

  get #page(): PdfPage {
    const page = this.#pages.at(-1);
    if (page === undefined) throw new Error('a sheet has a page');
    return page;
  }
}

/** Breaks at spaces, and inside a run of characters that has none (Chinese). */
function wrap(text: string, size: number, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const piece of text.match(/[ -~\u00a0-\u00ff]+? |[ -~\u00a0-\u00ff]+$|[\s\S]/gu) ?? []) {
    if (line !== '' && textWidth({ text: line + piece, size }) > width) {
      lines.push(line.trimEnd());
      line = '';
    }
    line += piece;
  }
  if (line !== '' || lines.length === 0) lines.push(line.trimEnd());
  return lines;
}
