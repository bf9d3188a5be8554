import { html } from 'hono/html';
import { listDeliveries } from '../../control/deliveries.ts';
import type { DeliveryView } from '../../control/deliveries.ts';
import { newest } from '../../control/state.ts';
import type { EventRow } from '../../kernel/rows.ts';
import type { Html } from '../document.ts';
import { actionButton, code, renderPanel, renderTable } from './frame.ts';
import type { PanelVisit } from './frame.ts';

const shown = 100;
const colours: Record<string, string> = { delivered: 'good', failed: 'bad', pending: 'warn' };

export function renderEvents(visit: PanelVisit): Html {
  const { panel } = visit.page.words;
  return renderPanel(
    visit,
    'events',
    html`<section class="card stack">
      <h1>${panel.tabs.events}</h1>
      ${eventTable(visit, newest(visit.local, '_event', shown))}
    </section>`,
  );
}

export function eventTable(visit: PanelVisit, events: EventRow[]): Html {
  const { page, local } = visit;
  const { panel } = page.words;
  return renderTable(
    [
      { label: panel.type },
      { label: panel.object },
      { label: panel.time },
      { label: panel.deliveries },
    ],
    events.map(({ id, body }) => ({
      id,
      cells: [
        html`<a href="/_control/events/${id}">${body.type}</a>`,
        code((body.data.object as { id?: string }).id ?? '–'),
        page.dateTime(body.created),
        html`<span class="row"
          >${listDeliveries(local, { event: id, limit: 10 }).map((one) =>
            deliveryBadge(visit, one),
          )}</span
        >`,
      ],
    })),
    panel.none,
  );
}

function deliveryBadge({ page }: PanelVisit, { status }: DeliveryView): Html {
  const label = page.words.panel.deliveryStates[status] ?? status;
  return html`<span class="badge ${colours[status] ?? ''}">${label}</span>`;
}

/** One event: its deliveries with each attempt, and its body as sent. */
export function renderEvent(visit: PanelVisit, event: EventRow): Html {
  const { page, local } = visit;
  const { panel } = page.words;
  const deliveries = listDeliveries(local, { event: event.id, limit: 100 });
  return renderPanel(
    visit,
    'events',
    html`<section class="card stack">
        <h1>${event.body.type}</h1>
        <p class="muted">${code(event.id)} · ${page.dateTime(event.body.created)}</p>
        <h2>${panel.deliveries}</h2>
        ${renderTable(
          [
            { label: panel.endpoint },
            { label: panel.status },
            { label: panel.attempts },
            { label: panel.actions },
          ],
          deliveries.map((delivery) => ({
            id: delivery.id,
            cells: [
              code(delivery.url ?? delivery.endpoint),
              deliveryBadge(visit, delivery),
              html`${delivery.attempts.map(
                ({ at, status, error, durationMs }) =>
                  html`<div class="small num">
                    ${page.dateTime(at)} · ${status ?? error ?? panel.noAnswer} · ${durationMs} ms
                  </div>`,
              )}`,
              actionButton(visit, `/_control/panel/deliveries/${delivery.id}/resend`, panel.resend),
            ],
          })),
          panel.noEndpoint,
        )}
      </section>
      <section class="card">
        <h2>${panel.body}</h2>
        <pre tabindex="0" aria-label="${panel.body}">${JSON.stringify(event.body, null, 2)}</pre>
      </section>`,
  );
}
