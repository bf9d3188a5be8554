import { html } from 'hono/html';
import { priceIn } from '../../billing/catalog/price.ts';
import type Stripe from 'stripe';
import { newest } from '../../control/state.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Html } from '../document.ts';
import { statusBadges } from '../portal/home.ts';
import { wholePriceText } from '../price-text.ts';
import { actionButton, code, renderPanel, renderTable } from './frame.ts';
import type { PanelVisit } from './frame.ts';

const shown = 100;

export function renderSubscriptions(visit: PanelVisit): Html {
  const { panel } = visit.page.words;
  return renderPanel(
    visit,
    'subscriptions',
    html`<section class="card stack">
      <h1>${panel.tabs.subscriptions}</h1>
      ${subscriptionTable(visit, newest(visit.local, 'subscription', shown), true)}
    </section>`,
  );
}

/** Subscriptions with the button that moves time to the end of their period. */
export function subscriptionTable(
  visit: PanelVisit,
  subscriptions: Stripe.Subscription[],
  showCustomer: boolean,
): Html {
  const { page } = visit;
  const { panel } = page.words;
  return renderTable(
    [
      { label: panel.plan },
      ...(showCustomer ? [{ label: panel.customer }] : []),
      { label: panel.status },
      { label: panel.periodEnd },
      { label: panel.actions },
    ],
    subscriptions.map((subscription) => ({
      id: subscription.id,
      cells: [
        planCell(visit, subscription),
        ...(showCustomer ? [customerCell(visit, idOf(subscription.customer))] : []),
        badge(page.words.portal.statuses, subscription.status),
        page.dateTime(periodEnd(subscription)),
        subscription.ended_at === null
          ? actionButton(
              visit,
              `/_control/panel/subscriptions/${subscription.id}/period_end`,
              panel.toPeriodEnd,
            )
          : '',
      ],
    })),
    panel.none,
  );
}

export function periodEnd(subscription: Stripe.Subscription): number {
  return Math.min(...subscription.items.data.map((item) => item.current_period_end));
}

function planCell({ local, page }: PanelVisit, subscription: Stripe.Subscription): Html {
  const { store } = local.kernel;
  const plans = subscription.items.data.map((item) => {
    const price = store.find('price', idOf(item.price)) ?? item.price;
    const billed = priceIn(price, subscription.currency) ?? price;
    const product = store.find('product', idOf(price.product));
    const count = (item.quantity ?? 1) === 1 ? '' : `${item.quantity} × `;
    return `${count}${product?.name ?? price.id} (${wholePriceText(page, billed)})`;
  });
  return html`${plans.join(', ')}<br />${code(subscription.id)}`;
}

export function customerCell({ local }: PanelVisit, id: string): Html {
  const customer = local.kernel.store.find('customer', id);
  return html`<a href="/_control/customers/${id}">${customer?.email ?? customer?.name ?? id}</a>`;
}

export function badge(words: Record<string, string>, status: string): Html {
  return html`<span class="badge ${statusBadges[status] ?? ''}" data-status="${status}"
    >${words[status] ?? status}</span
  >`;
}
