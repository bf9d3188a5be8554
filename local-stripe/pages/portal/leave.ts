import { html } from 'hono/html';
import type { Html } from '../document.ts';
import { renderSubmit } from '../field.ts';
import { renderPortal, renderWayBack } from './frame.ts';
import type { PortalFrame } from './frame.ts';

export interface CancelView extends PortalFrame {
  action: string;
  backUrl: string | null;
  /** What is kept until when, and what becomes of the money. */
  consequences: string[];
  /** Stripe's feedback codes; empty where the configuration asks for no reason. */
  reasons: string[];
  /** A discount offered to whoever stays (`flow_data…retention`). */
  offer: { text: string; action: string } | null;
}

export function renderCancel(view: CancelView): Html {
  const { portal } = view.page.words;
  return renderPortal(
    view,
    portal.cancelTitle,
    html`<h1>${portal.cancelTitle}</h1>
      ${view.offer === null ? '' : renderOffer(view, view.offer)}
      <form method="post" action="${view.action}" class="card stack-l">
        <div class="stack-s">${view.consequences.map((text) => html`<p>${text}</p>`)}</div>
        ${view.reasons.length === 0 ? '' : renderReasons(view)}
        <div class="row">
          ${renderSubmit(portal.confirmCancel, 'danger')}
          ${renderWayBack(portal.keep, view.backUrl)}
        </div>
      </form>`,
  );
}

function renderReasons(view: CancelView): Html {
  const { portal } = view.page.words;
  return html`<fieldset class="stack">
      <legend class="label">${portal.cancelReason}</legend>
      <div class="choices">
        ${view.reasons.map(
          (reason) =>
            html`<label class="choice"
              ><input type="radio" name="feedback" value="${reason}" /><span
                >${portal.reasons[reason] ?? reason}</span
              ></label
            >`,
        )}
      </div>
    </fieldset>
    <div class="field">
      <label for="comment">${portal.cancelComment}</label>
      <textarea id="comment" name="comment" maxlength="2000"></textarea>
    </div>`;
}

function renderOffer(view: CancelView, offer: NonNullable<CancelView['offer']>): Html {
  const { portal } = view.page.words;
  return html`<section class="card stack" aria-labelledby="offer">
    <h2 id="offer">${portal.offerTitle}</h2>
    <p>${offer.text}</p>
    <form method="post" action="${offer.action}">${renderSubmit(portal.offerAccept, '')}</form>
  </section>`;
}

export interface PauseView extends PortalFrame {
  action: string;
  backUrl: string | null;
  text: string;
  /** How long, as value and words; empty for "until I resume it". */
  durations: { value: string; label: string }[];
}

export function renderPause(view: PauseView): Html {
  const { portal } = view.page.words;
  return renderPortal(
    view,
    portal.pauseTitle,
    html`<h1>${portal.pauseTitle}</h1>
      <form method="post" action="${view.action}" class="card stack-l">
        <p>${view.text}</p>
        ${
          view.durations.length === 0
            ? ''
            : html`<fieldset class="choices">
                <legend class="visually-hidden">${portal.pauseTitle}</legend>
                ${view.durations.map(
                  ({ value, label }, index) =>
                    html`<label class="choice"
                      ><input
                        type="radio"
                        name="duration"
                        value="${value}"
                        required
                        ${index === 0 ? html`checked` : ''}
                      /><span>${label}</span></label
                    >`,
                )}
              </fieldset>`
        }
        <div class="row">
          ${renderSubmit(portal.confirmPause, '')} ${renderWayBack(portal.keep, view.backUrl)}
        </div>
      </form>`,
  );
}
