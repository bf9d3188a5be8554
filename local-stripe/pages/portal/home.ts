import { html } from 'hono/html';
import type { Html } from '../document.ts';
import type { Page } from '../page.ts';
import { renderPortal } from './frame.ts';
import type { PortalFrame } from './frame.ts';

export interface PortalSubscription {
  id: string;
  name: string;
  price: string;
  status: string;
  /** Renews, ends, trial ends: one sentence. */
  timing: string | null;
  /** A plan change that is already scheduled: one sentence. */
  scheduled: string | null;
  card: string | null;
  openInvoiceUrl: string | null;
  can: { change: boolean; cancel: boolean; resume: boolean; pause: boolean; unpause: boolean };
}

export interface PortalCard {
  id: string;
  label: string;
  expiry: string;
  isDefault: boolean;
}

export interface PortalInvoice {
  number: string;
  date: string;
  amount: string;
  status: string;
  url: string | null;
}

export interface PortalHome extends PortalFrame {
  headline: string | null;
  subscriptions: PortalSubscription[];
  /** Null where the configuration hides the part. */
  cards: { list: PortalCard[]; mayAdd: boolean } | null;
  details: { label: string; value: string }[] | null;
  invoices: PortalInvoice[] | null;
}

export const statusBadges: Record<string, string> = {
  active: 'good',
  trialing: 'accent',
  past_due: 'bad',
  unpaid: 'bad',
  incomplete: 'warn',
  paused: 'warn',
  open: 'warn',
  paid: 'good',
  uncollectible: 'bad',
};

/** The portal's first page: what one has, how one pays, and what was billed. */
export function renderPortalHome(view: PortalHome): Html {
  const { portal } = view.page.words;
  return renderPortal(
    view,
    portal.title,
    html`<div class="stack-s">
        <h1>${portal.title}</h1>
        ${view.headline === null ? '' : html`<p class="muted">${view.headline}</p>`}
      </div>
      <section class="card stack" aria-labelledby="current">
        <h2 id="current">${portal.currentSubscription}</h2>
        ${
          view.subscriptions.length === 0
            ? html`<p class="muted">${portal.noSubscription}</p>`
            : view.subscriptions.map((subscription) => renderSubscription(view, subscription))
        }
      </section>
      ${view.cards === null ? '' : renderCards(view, view.cards)}
      ${view.details === null ? '' : renderDetails(view, view.details)}
      ${view.invoices === null ? '' : renderInvoices(view.page, view.invoices)}`,
  );
}

function renderSubscription(view: PortalHome, subscription: PortalSubscription): Html {
  const { portal } = view.page.words;
  const base = `${view.path}/subscriptions/${subscription.id}`;
  const { can } = subscription;
  return html`<div class="stack" data-subscription="${subscription.id}">
    <div class="stack-s">
      <div class="row">
        <h3>${subscription.name}</h3>
        <span class="badge ${statusBadges[subscription.status] ?? ''}"
          >${portal.statuses[subscription.status] ?? subscription.status}</span
        >
      </div>
      <p class="amount">${subscription.price}</p>
      ${subscription.timing === null ? '' : html`<p>${subscription.timing}</p>`}
      ${subscription.scheduled === null ? '' : html`<p>${subscription.scheduled}</p>`}
      ${subscription.card === null ? '' : html`<p class="muted">${subscription.card}</p>`}
    </div>
    <div class="row">
      ${
        subscription.openInvoiceUrl === null
          ? ''
          : html`<a class="button" href="${subscription.openInvoiceUrl}">${portal.payOpen}</a>`
      }
      ${can.resume ? postButton(`${base}/resume`, portal.resumePlan, 'button') : ''}
      ${can.unpause ? postButton(`${base}/unpause`, portal.unpausePlan, 'button') : ''}
      ${can.change ? html`<a class="button" href="${base}/update">${portal.changePlan}</a>` : ''}
      ${
        subscription.scheduled === null || !can.change
          ? ''
          : postButton(`${base}/keep`, portal.keepCurrent, 'button plain')
      }
      ${can.pause ? html`<a class="button plain" href="${base}/pause">${portal.pausePlan}</a>` : ''}
      ${
        can.cancel
          ? html`<a class="button plain" href="${base}/cancel">${portal.cancelPlan}</a>`
          : ''
      }
    </div>
  </div>`;
}

function postButton(action: string, label: string, kind: string): Html {
  return html`<form method="post" action="${action}">
    <button class="${kind}" type="submit">
      <span class="spinner" aria-hidden="true"></span><span>${label}</span>
    </button>
  </form>`;
}

function renderCards(view: PortalHome, cards: NonNullable<PortalHome['cards']>): Html {
  const { portal } = view.page.words;
  const base = `${view.path}/payment_methods`;
  return html`<section class="card stack" aria-labelledby="cards">
    <h2 id="cards">${portal.paymentMethods}</h2>
    ${
      cards.list.length === 0
        ? html`<p class="muted">${portal.noPaymentMethod}</p>`
        : html`<ul class="lines">
            ${cards.list.map(
              (card) =>
                html`<li class="row between">
                  <span
                    >${card.label} <span class="small muted">${card.expiry}</span> ${
                      card.isDefault ? html`<span class="badge">${portal.defaultMark}</span>` : ''
                    }</span
                  >
                  ${
                    card.isDefault || !cards.mayAdd
                      ? ''
                      : html`<span class="row"
                          >${namedButton(
                            `${base}/${card.id}/default`,
                            portal.makeDefault,
                            portal.makeDefaultNamed(card.label),
                          )}
                          ${namedButton(
                            `${base}/${card.id}/remove`,
                            portal.removeCard,
                            portal.removeCardNamed(card.label),
                          )}</span
                        >`
                  }
                </li>`,
            )}
          </ul>`
    }
    ${
      cards.mayAdd
        ? html`<p><a class="button plain" href="${base}/new">${portal.addCard}</a></p>`
        : ''
    }
  </section>`;
}

function namedButton(action: string, label: string, name: string): Html {
  return html`<form method="post" action="${action}">
    <button class="link-button" type="submit" aria-label="${name}">${label}</button>
  </form>`;
}

function renderDetails(view: PortalHome, details: { label: string; value: string }[]): Html {
  const { portal } = view.page.words;
  return html`<section class="card stack" aria-labelledby="details">
    <h2 id="details">${portal.billingDetails}</h2>
    <dl class="facts">
      ${details.map(
        ({ label, value }) =>
          html`<dt>${label}</dt>
            <dd>${value === '' ? html`<span class="muted">${portal.none}</span>` : value}</dd>`,
      )}
    </dl>
    <p><a class="button plain" href="${view.path}/customer">${portal.edit}</a></p>
  </section>`;
}

function renderInvoices(page: Page, invoices: PortalInvoice[]): Html {
  const { portal, invoice } = page.words;
  return html`<section class="card stack" aria-labelledby="invoices">
    <h2 id="invoices">${portal.invoices}</h2>
    ${
      invoices.length === 0
        ? html`<p class="muted">${portal.noInvoices}</p>`
        : html`<table class="cards">
            <thead>
              <tr>
                <th scope="col">${portal.invoiceDate}</th>
                <th scope="col">${portal.invoiceNumber}</th>
                <th scope="col" class="right">${portal.invoiceAmount}</th>
                <th scope="col">${portal.invoiceStatus}</th>
                <th scope="col"><span class="visually-hidden">${portal.view}</span></th>
              </tr>
            </thead>
            <tbody>
              ${invoices.map(
                (row) =>
                  html`<tr>
                    <td data-label="${portal.invoiceDate}" class="nowrap">${row.date}</td>
                    <td data-label="${portal.invoiceNumber}">${row.number}</td>
                    <td data-label="${portal.invoiceAmount}" class="right num">${row.amount}</td>
                    <td data-label="${portal.invoiceStatus}">
                      <span class="badge ${statusBadges[row.status] ?? ''}"
                        >${invoice.statuses[row.status] ?? row.status}</span
                      >
                    </td>
                    <td class="actions">
                      ${
                        row.url === null
                          ? ''
                          : html`<a href="${row.url}" aria-label="${portal.viewNamed(row.number)}"
                              >${portal.view}</a
                            >`
                      }
                    </td>
                  </tr>`,
              )}
            </tbody>
          </table>`
    }
  </section>`;
}
