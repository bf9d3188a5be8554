import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import type { Page } from '../page.ts';
import { taxRows } from '../tax-rows.ts';
import { inSellersNames } from '../sellers-names.ts';
import { lineText } from './line-text.ts';
import { pdfPageHeight, pdfPageWidth, writePdf } from './pdf.ts';
import type { PdfPage } from './pdf.ts';

const left = 50;
const right = pdfPageWidth - 50;

/** A credit note as a PDF: number, invoice, date, its lines and what they come to. */
export function printCreditNote(
  ctx: Context,
  page: Page,
  merchant: string,
  invoice: Stripe.Invoice,
  note: Stripe.CreditNote,
): Uint8Array<ArrayBuffer> {
  const words = page.words.invoice;
  const pages: PdfPage[] = [];
  let y = 0;
  const turn = () => {
    pages.push({ texts: [], rules: [] });
    y = 60;
  };
  const row = (text: string, amount: string | null, size = 9, bold = false) => {
    if (y > pdfPageHeight - 80) turn();
    const { texts } = pages.at(-1)!;
    texts.push({ x: left, y, text, size, bold });
    if (amount !== null) texts.push({ x: right, y, text: amount, size, bold, align: 'right' });
    y += size + 9;
  };
  turn();
  const isVoid = note.status === 'void' ? ` (${words.statuses['void']})` : '';
  const named = (text: string) => inSellersNames(text, ctx.chineseNames, page.language);
  row(words.creditNoteTitle(note.number) + isVoid, named(merchant), 16, true);
  row(
    words.creditNoteOf(invoice.number ?? invoice.id),
    page.date(note.effective_at ?? note.created),
  );
  if (note.memo !== null) row(note.memo, null);
  for (const line of note.lines.data) {
    row(named(lineText(page, line.description ?? '')), page.money(line.amount, note.currency));
  }
  if (note.discount_amount > 0) {
    row(words.discount, page.money(-note.discount_amount, note.currency));
  }
  for (const { label, value } of taxRows(ctx, page, note.total_taxes ?? [], note.currency)) {
    row(label, value);
  }
  row(words.creditNoteTotal, page.money(note.total, note.currency), 11, true);
  return writePdf(pages, words.creditNoteTitle(note.number));
}
