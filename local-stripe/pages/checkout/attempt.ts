import type { FieldErrors, FormValues } from '../card-form.ts';

/** What happened on the page just before it is drawn again. */
export interface CheckoutAttempt {
  values: FormValues;
  errors: FieldErrors;
  promotionError: string | null;
  quantityError: { line: string; text: string } | null;
}

export const untouched: CheckoutAttempt = {
  values: {},
  errors: {},
  promotionError: null,
  quantityError: null,
};
