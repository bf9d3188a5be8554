import { html } from 'hono/html';
import type { QuantityRefusal } from '../../checkout/adjust-quantity.ts';
import type { CheckoutLine } from '../../checkout/row.ts';
import type { Html } from '../document.ts';
import { renderField } from '../field.ts';
import type { Page } from '../page.ts';
import type { CheckoutAttempt } from './attempt.ts';

/** The quantity of a line that the payer may change. */
export interface QuantityEditor {
  line: string;
  typed: string;
  error: string | null;
}

export const quantityField = (line: string): string => `quantity_${line}`;

export function quantityEditor(
  line: CheckoutLine,
  attempt: CheckoutAttempt,
): QuantityEditor | null {
  if (!line.adjustable) return null;
  const isWrong = attempt.quantityError?.line === line.id;
  return {
    line: line.id,
    typed: isWrong ? (attempt.values[quantityField(line.id)] ?? '') : String(line.quantity),
    error: isWrong ? attempt.quantityError!.text : null,
  };
}

export function renderQuantity(
  page: Page,
  path: string,
  name: string,
  { line, typed, error }: QuantityEditor,
): Html {
  const { checkout } = page.words;
  return html`<form method="post" action="${path}/quantity" novalidate>
    <input type="hidden" name="line" value="${line}" />
    <div class="field-and-button">
      <div class="grow">
        ${renderField({
          name: quantityField(line),
          label: checkout.quantityOf(name),
          value: typed,
          error: error ?? undefined,
          numeric: true,
          maxLength: 6,
        })}
      </div>
      <button class="button plain" type="submit">${checkout.update}</button>
    </div>
  </form>`;
}

export function quantityText(page: Page, refusal: QuantityRefusal): string {
  const { checkout } = page.words;
  if (refusal.reason === 'bounds') {
    return checkout.quantityBounds(refusal.minimum, refusal.maximum);
  }
  return refusal.reason === 'empty' ? checkout.quantityEmpty : checkout.quantityRefused;
}
