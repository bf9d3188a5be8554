import { html } from 'hono/html';
import type { Html } from '../document.ts';
import { renderField, renderSubmit } from '../field.ts';
import { renderPortal, renderWayBack } from './frame.ts';
import type { PortalFrame } from './frame.ts';

export interface PlanChoice {
  priceId: string;
  name: string;
  description: string | null;
  price: string;
  isCurrent: boolean;
}

export interface ChooseView extends PortalFrame {
  action: string;
  backUrl: string | null;
  choices: PlanChoice[];
  /** Null where the quantity is not the customer's to change. */
  quantity: { value: number; minimum: number; maximum: number | null } | null;
  /** Null where no promotion code may be entered. */
  promotionCode: { value: string; error: string | null } | null;
  selected: string | null;
}

/** Step one of a plan change: which plan, and how many. A GET form, so that it can be gone back to. */
export function renderChoose(view: ChooseView): Html {
  const { portal, checkout } = view.page.words;
  return renderPortal(
    view,
    portal.chooseTitle,
    html`<div class="stack-s">
        <h1>${portal.chooseTitle}</h1>
        <p class="muted">${portal.chooseText}</p>
      </div>
      ${
        view.choices.length === 0
          ? html`<p class="card">${portal.noChoices}</p>`
          : html`<form method="get" action="${view.action}" class="stack">
              <fieldset class="choices">
                <legend class="visually-hidden">${portal.chooseTitle}</legend>
                ${view.choices.map((choice) => renderChoice(view, choice))}
              </fieldset>
              ${view.quantity === null ? '' : renderQuantity(portal.quantityLabel, view.quantity)}
              ${
                view.promotionCode === null
                  ? ''
                  : renderField({
                      name: 'promotion_code',
                      label: checkout.optional(checkout.promotionCode),
                      value: view.promotionCode.value,
                      error: view.promotionCode.error ?? undefined,
                    })
              }
              <div class="row">
                ${renderSubmit(portal.goOn, '')} ${renderWayBack(portal.keep, view.backUrl)}
              </div>
            </form>`
      }`,
  );
}

function renderChoice(view: ChooseView, choice: PlanChoice): Html {
  const { portal } = view.page.words;
  const isChecked = view.selected === choice.priceId;
  return html`<label class="choice">
    <input
      type="radio"
      name="price"
      value="${choice.priceId}"
      required
      ${isChecked ? html`checked` : ''}
    />
    <span class="grow stack-s">
      <span class="row between">
        <strong>${choice.name}</strong>
        <span class="num">${choice.price}</span>
      </span>
      ${
        choice.description === null
          ? ''
          : html`<span class="small muted">${choice.description}</span>`
      }
      ${choice.isCurrent ? html`<span class="badge">${portal.current}</span>` : ''}
    </span>
  </label>`;
}

function renderQuantity(label: string, quantity: NonNullable<ChooseView['quantity']>): Html {
  return html`<div class="field">
    <label for="quantity">${label}</label>
    <input
      id="quantity"
      name="quantity"
      type="number"
      value="${quantity.value}"
      min="${quantity.minimum}"
      ${quantity.maximum === null ? '' : html`max="${quantity.maximum}"`}
    />
  </div>`;
}

export interface ConfirmView extends PortalFrame {
  action: string;
  backUrl: string | null;
  heading: string;
  /** Now, or at the period's end: one sentence. */
  timing: string;
  warnings: string[];
  lines: { description: string; amount: string }[];
  totals: { label: string; value: string }[];
  next: string | null;
  card: string | null;
  submitLabel: string;
  /** What has to come back unchanged: price, quantity, the second that was previewed. */
  hidden: Record<string, string>;
}

/** Step two: what it costs, line by line, before anything changes. */
export function renderConfirm(view: ConfirmView): Html {
  const { portal } = view.page.words;
  return renderPortal(
    view,
    portal.confirmTitle,
    html`<div class="stack-s">
        <h1>${portal.confirmTitle}</h1>
        <p>${view.heading}</p>
      </div>
      <section class="card stack">
        <p>${view.timing}</p>
        ${view.warnings.map((warning) => html`<p class="notice warn">${warning}</p>`)}
        ${
          view.lines.length === 0
            ? ''
            : html`<ul class="lines">
                ${view.lines.map(
                  (line) =>
                    html`<li class="row between">
                      <span class="grow">${line.description}</span
                      ><span class="num">${line.amount}</span>
                    </li>`,
                )}
              </ul>`
        }
        <dl class="totals">
          ${view.totals.map(
            ({ label, value }) =>
              html`<div class="due">
                <dt>${label}</dt>
                <dd class="num">${value}</dd>
              </div>`,
          )}
        </dl>
        ${view.next === null ? '' : html`<p class="muted">${view.next}</p>`}
        ${view.card === null ? '' : html`<p class="small muted">${view.card}</p>`}
        <form method="post" action="${view.action}" class="row">
          ${Object.entries(view.hidden).map(
            ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
          )}
          ${renderSubmit(view.submitLabel, '')} ${renderWayBack(portal.keep, view.backUrl)}
        </form>
      </section>`,
  );
}
