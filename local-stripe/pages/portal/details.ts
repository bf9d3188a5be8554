import { html } from 'hono/html';
import { renderCardFields } from '../card-form.ts';
import type { FieldErrors, FormValues } from '../card-form.ts';
import type { Html } from '../document.ts';
import { renderCountryField } from '../country-field.ts';
import { renderField, renderSubmit } from '../field.ts';
import { renderTestCards } from '../test-cards.ts';
import { renderPortal, renderWayBack } from './frame.ts';
import type { PortalFrame } from './frame.ts';

export interface AddCardView extends PortalFrame {
  action: string;
  backUrl: string | null;
  values: FormValues;
  errors: FieldErrors;
  testExpiry: string;
}

export function renderAddCard(view: AddCardView): Html {
  const { portal } = view.page.words;
  return renderPortal(
    view,
    portal.addCardTitle,
    html`<div class="stack-s">
        <h1>${portal.addCardTitle}</h1>
        <p class="muted">${portal.addCardText}</p>
      </div>
      <section class="card stack-l">
        <form method="post" action="${view.action}" class="stack-l" novalidate>
          ${renderCardFields(view.page, view.values, view.errors)}
          <div class="row">
            ${renderSubmit(portal.saveCard, '')} ${renderWayBack(portal.keep, view.backUrl)}
          </div>
        </form>
        ${renderTestCards(view.page, view.action, view.testExpiry)}
      </section>`,
  );
}

export interface EditCustomerView extends PortalFrame {
  action: string;
  backUrl: string | null;
  fields: { name: string; label: string; type: 'text' | 'email' | 'tel'; autocomplete: string }[];
  values: FormValues;
  errors: FieldErrors;
}

export function renderEditCustomer(view: EditCustomerView): Html {
  const { portal } = view.page.words;
  return renderPortal(
    view,
    portal.billingDetails,
    html`<h1>${portal.billingDetails}</h1>
      <form method="post" action="${view.action}" class="card stack" novalidate>
        ${view.fields.map((field) => {
          const filled = {
            ...field,
            value: view.values[field.name] ?? '',
            error: view.errors[field.name],
          };
          return field.name === 'country'
            ? renderCountryField(view.page, filled)
            : renderField({ ...filled, maxLength: 500 });
        })}
        <div class="row">
          ${renderSubmit(portal.save, '')} ${renderWayBack(portal.keep, view.backUrl)}
        </div>
      </form>`,
  );
}
