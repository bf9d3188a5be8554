import { expect, test } from 'vitest';
import type { Statement } from '../../../../../db/schema/index.ts';
import type { StatementState } from '../../../../../domain/billing/statement.ts';
import { restBeforeCallMs } from '../../../stripe/client/call-limits.ts';
import type { MarkedInvoice } from '../../../stripe/invoices/statement-invoice.ts';
import { compare, type InvoiceDifference } from '../verify-invoices.ts';

const statementIn = (state: StatementState, more: Partial<Statement> = {}) =>
  ({
    ...{ id: 's', tenantId: 't', state, stripeInvoiceId: 'in_1', sha256: 'abc' },
    ...{ currency: 'cny', amountMinor: 700, carriedInMinor: 20, ...more },
  }) as Statement;

const made = (more: Partial<MarkedInvoice> = {}) =>
  ({
    ...{ id: 'in_1', status: 'paid', isCredited: false, statementId: 's', sha256: 'abc' },
    ...{ currency: 'cny', beforeTaxMinor: 720, ...more },
  }) as MarkedInvoice;
const other = made({ id: 'in_2' });
const voided = made({ status: 'void' });
const nothing = { stripeInvoiceId: null };

const CASES: [string, Statement, MarkedInvoice[], InvoiceDifference['fault'][]][] = [
  ['paid, by its invoice', statementIn('paid'), [made()], []],
  [
    'others of the customer do not count',
    statementIn('paid'),
    [made({ id: 'in_9', statementId: null }), made()],
    [],
  ],
  ['open, and none', statementIn('open'), [], ['invoice_missing']],
  ['failed, and voided', statementIn('failed'), [voided], ['invoice_missing']],
  [
    'paid, and credited wholly',
    statementIn('paid'),
    [made({ isCredited: true })],
    ['invoice_missing'],
  ],
  ['invoicing, and no draft', statementIn('invoicing'), [], ['invoice_missing']],
  ['paid, and a second', statementIn('paid'), [other, made()], ['invoice_extra']],
  [
    'paid, and a second that is void',
    statementIn('paid'),
    [{ ...other, status: 'void' }, made()],
    [],
  ],
  ['closed, and none yet', statementIn('closed', nothing), [], []],
  [
    'closed, and a draft whose answer was lost',
    statementIn('closed', nothing),
    [made({ status: 'draft', beforeTaxMinor: 0 })],
    [],
  ],
  ['closed, and two', statementIn('closed', nothing), [made(), other], ['invoice_extra']],
  ['carried, and one', statementIn('carried', nothing), [made()], ['invoice_extra']],
  ['void', statementIn('void'), [voided], []],
  ['void, its draft was deleted', statementIn('void'), [], []],
  ['void, credited before it was paid', statementIn('void'), [made({ isCredited: true })], []],
  ['void, and charged all the same', statementIn('void'), [made()], ['invoice_extra']],
  [
    'written off, and still open',
    statementIn('written_off'),
    [made({ status: 'open' })],
    ['invoice_extra'],
  ],
  ['uncollectible', statementIn('uncollectible'), [made({ status: 'uncollectible' })], []],
  ['uncollectible, and gone', statementIn('uncollectible'), [], ['invoice_missing']],
  ['uncollectible, its customer was gone', statementIn('uncollectible', nothing), [], []],
  ['another amount', statementIn('paid'), [made({ beforeTaxMinor: 721 })], ['invoice_amount']],
  ['another currency', statementIn('paid'), [made({ currency: 'usd' })], ['invoice_amount']],
  [
    'a draft without its lines',
    statementIn('invoicing'),
    [made({ status: 'draft', beforeTaxMinor: 0 })],
    [],
  ],
  ['another hash', statementIn('paid'), [made({ sha256: 'abd' })], ['invoice_hash']],
  ['no hash', statementIn('paid'), [made({ sha256: null })], ['invoice_hash']],
  ['another statement', statementIn('paid'), [made({ statementId: 'x' })], ['invoice_hash']],
  [
    'all of it',
    statementIn('paid'),
    [made({ beforeTaxMinor: 1, sha256: 'x' }), other],
    ['invoice_extra', 'invoice_amount', 'invoice_hash'],
  ],
];

test.each(CASES)('12.15 a statement that is %s', (_what, statement, listed, faults) => {
  expect(compare(statement, listed).map(({ fault }) => fault)).toEqual(faults);
});

const away = new URL('http://127.0.0.1:1');
test.each([
  ['a local Stripe takes what comes', { apiBase: away, livemode: false }, 0],
  ['five a second of the 25 with test keys', { apiBase: undefined, livemode: false }, 200],
  ['20 a second of the 100 with live ones', { apiBase: undefined, livemode: true }, 50],
])('12.15 a check leaves room for others: %s', (_what, access, restMs) => {
  expect(restBeforeCallMs(access)).toBe(restMs);
});
