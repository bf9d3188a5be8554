import { expect, test } from 'vitest';
import { pageIn } from '../page.ts';
import { writePdf } from './pdf.ts';
import { printInvoice } from './print.ts';
import type { InvoiceView } from './view.ts';

const read = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** Follows the cross-reference table as a reader does: each entry must point at its object. */
function objectsOf(file: string): string[] {
  const start = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(file)![1]);
  const table = file.slice(start);
  const count = Number(/^xref\n0 (\d+)\n/.exec(table)![1]);
  const entries = [...table.matchAll(/^(\d{10}) 00000 n $/gm)].map(([, offset]) => Number(offset));
  expect(entries).toHaveLength(count - 1);
  return entries.map((offset, index) => {
    const body = file.slice(offset);
    expect(body.startsWith(`${index + 1} 0 obj\n`)).toBe(true);
    return body.slice(0, body.indexOf('endobj'));
  });
}

function invoice(language: 'en' | 'zh', lines: number): InvoiceView {
  const page = pageIn(language);
  return {
    page,
    path: '/i/in_1',
    pdfUrl: '/i/in_1/pdf',
    merchant: 'Shop (Ltd.) \\ Co',
    number: 'A1-0001',
    status: 'paid',
    statusLabel: 'Paid',
    facts: [{ label: page.words.invoice.number, value: 'A1-0001' }],
    billTo: ['张伟', 'wei@example.com'],
    lines: Array.from({ length: lines }, (_, index) => ({
      description: `Line ${index} with a text that is long enough to be broken into two or more`,
      period: '1 November 2026 – 1 December 2026',
      quantity: '1',
      unitPrice: page.money(2900, 'cny'),
      amount: page.money(2900, 'cny'),
    })),
    totals: [{ label: page.words.invoice.total, value: page.money(2900, 'cny'), strong: true }],
    note: null,
    footer: 'Written by the seller',
    headline: { figure: page.money(2900, 'cny'), text: page.words.invoice.paidTitle },
    payment: null,
  };
}

test('a PDF whose table of objects is right, with every stream as long as it says', () => {
  const objects = objectsOf(read(printInvoice(invoice('zh', 3))));
  const streams = objects.filter((body) => body.includes('stream\n'));
  expect(streams).toHaveLength(1);
  for (const body of streams) {
    const length = Number(/\/Length (\d+)/.exec(body)![1]);
    const content = body.slice(body.indexOf('stream\n') + 7, body.indexOf('\nendstream'));
    expect(content).toHaveLength(length);
  }
});

test('Latin text is escaped, other text is written in UTF-16', () => {
  const file = read(printInvoice(invoice('en', 1)));
  expect(file).toContain('(Shop \\(Ltd.\\) \\\\ Co) Tj');
  expect(file).toContain('<5f204f1f> Tj'); // 张伟
  expect(file).toContain('(CN\u00a529.00) Tj');
  expect(file).toContain('(Written by the seller) Tj');
  const mixed = read(printInvoice(invoice('zh', 1)));
  expect(mixed).toContain('/F3 20 Tf <8d265355> Tj /F2 20 Tf ( A1-0001) Tj'); // 账单 A1-0001
});

test('many lines go on over as many pages as they need, all numbered', () => {
  const file = read(printInvoice(invoice('en', 60)));
  const pages = Number(/\/Count (\d+)/.exec(file)![1]);
  expect(pages).toBeGreaterThan(2);
  expect(file).toContain(`(Page ${pages} of ${pages}) Tj`);
  objectsOf(file);
});

test('a character beyond the basic plane does not break the file', () => {
  const texts = [{ x: 0, y: 0, text: '🎉', size: 10 }];
  expect(read(writePdf([{ texts, rules: [] }], '🎉'))).toContain('<25a1> Tj');
});
