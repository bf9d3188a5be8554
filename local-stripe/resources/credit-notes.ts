import type Stripe from 'stripe';
import { voidCreditNote } from '../billing/credit-note/apply.ts';
import { issueCreditNote } from '../billing/credit-note/issue.ts';
import { noSuch } from '../kernel/errors.ts';
import { listPage } from '../kernel/list.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { idOf, idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';
import type { Context, Params } from '../kernel/types.ts';

type CreditNote = Stripe.CreditNote;

/** So many lines are inside a note; all of them are listed apart. */
const linesInside = 10;

export const creditNotes = resource({
  kind: 'credit_note',
  path: '/v1/credit_notes',
  references: {
    customer: 'customer',
    customer_balance_transaction: 'customer_balance_transaction',
    'discount_amounts.discount': 'discount',
    invoice: 'invoice',
    'refunds.refund': 'refund',
  },
  indexes: {
    customer: ({ customer }) => idOf(customer),
    invoice: ({ invoice }) => idOf(invoice),
  },
  list: {
    customer: (note, customer: string) => idOf(note.customer) === customer,
    invoice: (note, invoice: string) => idOf(note.invoice) === invoice,
  },
  create: (ctx: Context, params: Stripe.CreditNoteCreateParams) => issueCreditNote(ctx, params),
  update: (ctx: Context, before, params: Stripe.CreditNoteUpdateParams) => {
    const patch = {
      metadata: mergeMetadata(before.metadata ?? {}, params.metadata),
      ...(params.memo === undefined ? {} : { memo: params.memo }),
    };
    return onClock(ctx, before).update('credit_note', before, patch, 'credit_note.updated');
  },
  actions: [{ name: 'void', handle: (ctx, note) => voidCreditNote(onClock(ctx, note), note) }],
  routes: [
    {
      method: 'GET',
      path: '/v1/credit_notes/preview',
      handle: (ctx, params) => present(ctx, preview(ctx, params)),
    },
    {
      method: 'GET',
      path: '/v1/credit_notes/preview/lines',
      handle: (ctx, params) => {
        const { data } = preview(ctx, params).lines;
        return listPage(params, '/v1/credit_notes/preview/lines', 'credit_note_line_item', data);
      },
    },
    {
      method: 'GET',
      path: '/v1/credit_notes/:id/lines',
      handle: (ctx, params, { id }) => {
        const note = ctx.store.find('credit_note', id!);
        if (note === undefined) throw noSuch('credit note', id!);
        const url = `/v1/credit_notes/${note.id}/lines`;
        return listPage(params, url, 'credit_note_line_item', note.lines.data);
      },
    },
  ],
  present,
});

/** It is done for real and undone, so what it says is what creating it does. */
function preview(ctx: Context, params: Params): CreditNote {
  const { limit: _limit, starting_after: _after, ending_before: _before, ...given } = params;
  return ctx.preview(() => issueCreditNote(ctx, given as never));
}

/** With its PDF at the address that is ours today, and the first of its lines. */
function present(ctx: Context, note: CreditNote): CreditNote {
  const { data } = note.lines;
  return {
    ...note,
    pdf: `${ctx.baseUrl}/i/${idOf(note.invoice)}/credit_notes/${note.id}/pdf`,
    lines:
      data.length <= linesInside
        ? note.lines
        : { ...note.lines, data: data.slice(0, linesInside), has_more: true },
  };
}

function onClock(ctx: Context, note: CreditNote): Context {
  return ctx.onClock(idOrNull(ctx.store.get('invoice', idOf(note.invoice)).test_clock));
}
