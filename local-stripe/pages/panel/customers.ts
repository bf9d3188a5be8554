import { html } from 'hono/html';
import type Stripe from 'stripe';
import { declines } from '../../control/payment-methods.ts';
import { idOrNull } from '../../kernel/reference.ts';
import { cardExpiry, cardName } from '../card-name.ts';
import type { Html } from '../document.ts';
import { actionButton, code, hidden, renderPanel, renderTable } from './frame.ts';
import type { PanelVisit } from './frame.ts';
import { invoiceTable } from './invoices.ts';
import { badge, customerCell, subscriptionTable } from './subscriptions.ts';

const shown = 100;

export function renderCustomers(visit: PanelVisit, query: string): Html {
  const { page } = visit;
  const { panel } = page.words;
  const customers = findCustomers(visit, query);
  return renderPanel(
    visit,
    'customers',
    html`<section class="card stack">
      <div class="row between">
        <h1>${panel.tabs.customers}</h1>
        <form method="get" action="/_control/customers" class="row compact" role="search">
          <input
            type="text"
            name="q"
            value="${query}"
            aria-label="${panel.search}"
            placeholder="${panel.search}"
            size="28"
          />
          <button class="button small plain" type="submit">${panel.find}</button>
        </form>
      </div>
      ${renderTable(
        [
          { label: panel.customer },
          { label: panel.tabs.subscriptions },
          { label: panel.created },
          { label: panel.object },
        ],
        customers.map((customer) => ({
          id: customer.id,
          cells: [
            customerCell(visit, customer.id),
            html`<span class="row">${statusesOf(visit, customer)}</span>`,
            page.dateTime(customer.created),
            code(customer.id),
          ],
        })),
        query === '' ? panel.none : panel.noneFound,
      )}
    </section>`,
  );
}

function findCustomers({ local }: PanelVisit, query: string): Stripe.Customer[] {
  const wanted = query.trim().toLowerCase();
  const found: Stripe.Customer[] = [];
  for (const customer of local.kernel.store.newestFirst('customer')) {
    if (found.length >= shown) break;
    const text = `${customer.email ?? ''} ${customer.name ?? ''} ${customer.id}`.toLowerCase();
    if (text.includes(wanted)) found.push(customer);
  }
  return found;
}

function statusesOf({ local, page }: PanelVisit, customer: Stripe.Customer): Html[] {
  return local.kernel.store
    .by('subscription', 'customer', customer.id)
    .map(({ status }) => badge(page.words.portal.statuses, status));
}

/** Everything of one customer, and what a tester does to it. */
export function renderCustomer(visit: PanelVisit, customer: Stripe.Customer): Html {
  const { local, page } = visit;
  const { panel } = page.words;
  const { store } = local.kernel;
  const clock = idOrNull(customer.test_clock);
  const facts: [string, string][] = [
    [panel.object, customer.id],
    [panel.name, customer.name ?? '–'],
    [panel.created, page.dateTime(customer.created)],
    [panel.balance, page.money(customer.balance, customer.currency ?? 'usd')],
    ...(clock === null ? [] : [[panel.testClock, clock] as [string, string]]),
  ];
  return renderPanel(
    visit,
    'customers',
    html`<div class="stack-l">
      <section class="card stack">
        <div class="row between">
          <h1>${customer.email ?? customer.name ?? customer.id}</h1>
          ${actionButton(visit, `/_control/panel/customers/${customer.id}/portal`, panel.openPortal)}
        </div>
        <dl class="facts">
          ${facts.map(
            ([label, value]) =>
              html`<dt>${label}</dt>
                <dd>${value}</dd>`,
          )}
        </dl>
      </section>
      <section class="card stack">
        <h2>${panel.tabs.subscriptions}</h2>
        ${subscriptionTable(visit, store.by('subscription', 'customer', customer.id).reverse(), false)}
      </section>
      <section class="card stack">
        <h2>${panel.cards}</h2>
        ${cardTable(visit, customer)}
      </section>
      <section class="card stack">
        <h2>${panel.tabs.invoices}</h2>
        ${invoiceTable(visit, store.by('invoice', 'customer', customer.id).reverse().slice(0, shown), false)}
      </section>
    </div>`,
  );
}

function cardTable(visit: PanelVisit, customer: Stripe.Customer): Html {
  const { local, page } = visit;
  const { panel } = page.words;
  const { store } = local.kernel;
  return renderTable(
    [{ label: panel.cards }, { label: panel.status }, { label: panel.actions }],
    store
      .by('payment_method', 'customer', customer.id)
      .reverse()
      .map((method) => {
        const failing = store.find('_card', method.id)?.failing ?? null;
        const expiry = cardExpiry(page, method, local.kernel.now());
        const action = `/_control/panel/payment_methods/${method.id}`;
        return {
          id: method.id,
          cells: [
            html`${cardName(page, method)} <span class="small muted">${expiry}</span><br />${code(
                method.id,
              )}`,
            failing === null
              ? html`<span class="badge good">✓</span>`
              : html`<span class="badge bad">${panel.failsWith(failing.declineCode)}</span>`,
            failing === null
              ? failForm(visit, action)
              : actionButton(visit, action, panel.worksAgain, { decline_code: '' }),
          ],
        };
      }),
    panel.none,
  );
}

function failForm(visit: PanelVisit, action: string): Html {
  const { panel } = visit.page.words;
  return html`<form method="post" action="${action}" class="row compact">
    ${hidden({ back: visit.here })}
    <select name="decline_code" aria-label="${panel.failWithLabel}">
      ${[...declines.keys()].map((name) => html`<option value="${name}">${name}</option>`)}
    </select>
    <button class="button small danger" type="submit">${panel.failFromNow}</button>
  </form>`;
}
