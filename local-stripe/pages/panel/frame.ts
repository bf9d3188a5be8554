import { html } from 'hono/html';
import type { LocalStripe } from '../../kernel/local-stripe.ts';
import { renderDocument } from '../document.ts';
import type { Html } from '../document.ts';
import type { Page } from '../page.ts';
import type { Words } from '../words/en.ts';
import { soonestDue } from './soonest-due.ts';

export type Tab = keyof Words['panel']['tabs'];

/** One request to the control panel. */
export interface PanelVisit {
  local: LocalStripe;
  page: Page;
  /** Path and query of this page: where its buttons come back to. */
  here: string;
  notice: { kind: 'good' | 'bad'; text: string } | null;
}

const paths: Record<Tab, string> = {
  overview: '/_control',
  customers: '/_control/customers',
  subscriptions: '/_control/subscriptions',
  invoices: '/_control/invoices',
  events: '/_control/events',
  settings: '/_control/settings',
};

/** The frame of every panel page: the tabs, and above all the clock. */
export function renderPanel(visit: PanelVisit, tab: Tab, body: Html): Html {
  const { page, notice } = visit;
  const { panel } = page.words;
  return renderDocument({
    page,
    title: `${panel.tabs[tab]} · ${panel.title}`,
    merchant: 'Local Stripe',
    home: '/_control',
    width: 'wide',
    body: html`<div class="stack-l">
      <nav class="tabs" aria-label="${panel.title}">
        ${(Object.keys(paths) as Tab[]).map(
          (name) =>
            html`<a href="${paths[name]}" ${name === tab ? html`aria-current="page"` : ''}
              >${panel.tabs[name]}</a
            >`,
        )}
      </nav>
      ${renderClock(visit)}
      ${
        notice === null
          ? ''
          : html`<div
              class="notice ${notice.kind}"
              role="${notice.kind === 'bad' ? 'alert' : 'status'}"
            >
              ${notice.text}
            </div>`
      }
      ${body}
    </div>`,
  });
}

function renderClock(visit: PanelVisit): Html {
  const { local, page } = visit;
  const { panel } = page.words;
  const now = local.kernel.now();
  const [next] = soonestDue(local, 1);
  return html`<section class="card clock" aria-labelledby="clock-heading">
    <div>
      <h2 id="clock-heading" class="small muted">${panel.clock}</h2>
      <time datetime="${new Date(now * 1000).toISOString()}" data-now="${now}"
        >${page.dateTime(now)}</time
      >
    </div>
    <div class="tools" role="group" aria-label="${panel.advance}">
      ${(['hour', 'day', 'week', 'month'] as const).map((step) =>
        actionButton(visit, '/_control/panel/clock', panel.steps[step], { step }),
      )}
      ${
        next === undefined
          ? ''
          : actionButton(visit, '/_control/panel/clock', panel.toNext, {
              to: String(Math.max(next.dueAt, now)),
            })
      }
      <form method="post" action="/_control/panel/clock" class="compact">
        ${hidden({ back: visit.here })}
        <input
          type="datetime-local"
          name="moment"
          step="1"
          aria-label="${panel.toMoment}"
          min="${new Date(now * 1000).toISOString().slice(0, 19)}"
          value="${new Date(now * 1000).toISOString().slice(0, 19)}"
          required
        />
        <button class="button small plain" type="submit">${panel.go}</button>
      </form>
    </div>
  </section>`;
}

export function hidden(values: Record<string, string>): Html[] {
  return Object.entries(values).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
  );
}

/** One button that does one thing and comes back to this page. */
export function actionButton(
  visit: PanelVisit,
  action: string,
  label: string,
  values: Record<string, string> = {},
  kind = 'plain',
): Html {
  return html`<form method="post" action="${action}">
    ${hidden({ back: visit.here, ...values })}
    <button class="button small ${kind}" type="submit">
      <span class="spinner" aria-hidden="true"></span><span>${label}</span>
    </button>
  </form>`;
}

export interface Column {
  label: string;
  right?: boolean;
}

/** A table that becomes cards on a phone. Cells come in the order of the columns. */
export function renderTable(
  columns: Column[],
  rows: { id?: string; cells: (Html | string)[] }[],
  empty: string,
): Html {
  if (rows.length === 0) return html`<p class="muted">${empty}</p>`;
  return html`<div class="scroll">
    <table class="cards">
      <thead>
        <tr>
          ${columns.map(
            ({ label, right }) =>
              html`<th scope="col" class="${right === true ? 'right' : ''}">${label}</th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ id, cells }) =>
            html`<tr ${id === undefined ? '' : html`data-id="${id}"`}>
              ${cells.map(
                (cell, index) =>
                  html`<td
                    data-label="${columns[index]?.label ?? ''}"
                    class="${columns[index]?.right === true ? 'right num' : ''}"
                  >
                    <div>${cell}</div>
                  </td>`,
              )}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

export function code(text: string): Html {
  return html`<span class="mono">${text}</span>`;
}
