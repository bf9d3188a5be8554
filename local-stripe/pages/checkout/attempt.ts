import type { FieldErrors, FormValues } from '../card-form.ts';

/** What happened on the page just before it is drawn again. */
export interface CheckoutAttempt {
  values: FormValues;
  errors: FieldErrors;
  promotionError: string | null;
  quantityError: { line: string; text: string } | null;
  /** What was typed has changed the total, which has to be seen first. */
  hasNewTotal: boolean;
}

export const untouched: CheckoutAttempt = {
  values: {},
  errors: {},
  promotionError: null,
  quantityError: null,
  hasNewTotal: false,
};
