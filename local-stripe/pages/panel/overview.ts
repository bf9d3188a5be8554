import { html } from 'hono/html';
import { newest } from '../../control/state.ts';
import type { Kind } from '../../kernel/kinds.ts';
import type { Html } from '../document.ts';
import { eventTable } from './events.ts';
import { code, renderPanel, renderTable } from './frame.ts';
import type { PanelVisit } from './frame.ts';
import { soonestDue } from './soonest-due.ts';

const shownDue = 8;
const shownEvents = 12;
const counted: Kind[] = ['customer', 'subscription', 'invoice', 'payment_intent', '_event'];

/** What there is, what comes next, and what has just happened. */
export function renderOverview(visit: PanelVisit): Html {
  const { panel } = visit.page.words;
  return renderPanel(
    visit,
    'overview',
    html`<h1 class="visually-hidden">${panel.title}</h1>
      <div class="columns">
        <section class="card stack">
          <h2>${panel.objects}</h2>
          <dl class="facts">
            ${counted.map(
              (kind) =>
                html`<dt>${code(kind.replace('_event', 'event'))}</dt>
                  <dd class="num">${visit.local.kernel.store.size(kind)}</dd>`,
            )}
          </dl>
          <h2>${panel.openCheckouts}</h2>
          ${openCheckouts(visit)}
        </section>
        <section class="card stack">
          <h2>${panel.nextDue}</h2>
          ${dueTable(visit)}
        </section>
      </div>
      <section class="card stack">
        <div class="row between">
          <h2>${panel.latestEvents}</h2>
          <a href="/_control/events">${panel.all}</a>
        </div>
        ${eventTable(visit, newest(visit.local, '_event', shownEvents))}
      </section>`,
  );
}

function openCheckouts({ local, page }: PanelVisit): Html {
  const { panel } = page.words;
  const open = newest(local, 'checkout.session', 200)
    .filter(({ status }) => status === 'open')
    .slice(0, 5);
  if (open.length === 0) return html`<p class="muted">${panel.noCheckouts}</p>`;
  return html`<ul class="stack-s">
    ${open.map(
      ({ id, url, mode, amount_total, currency }) =>
        html`<li class="row between">
          <span
            >${mode}${
              amount_total === null || currency === null
                ? ''
                : ` · ${page.money(amount_total, currency)}`
            }<br /><span class="small muted mono">${id.slice(0, 24)}…</span></span
          >
          ${url === null ? '' : html`<a href="${url}">${panel.openPage}</a>`}
        </li>`,
    )}
  </ul>`;
}

function dueTable({ local, page }: PanelVisit): Html {
  const { panel } = page.words;
  return renderTable(
    [{ label: panel.dueKinds }, { label: panel.object }, { label: panel.when }],
    soonestDue(local, shownDue).map((row) => ({
      id: row.id,
      cells: [row.kind, code(row.objectId.slice(0, 30)), page.dateTime(row.dueAt)],
    })),
    panel.nothingDue,
  );
}
