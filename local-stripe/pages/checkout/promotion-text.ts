import type { PromotionRefusal } from '../../billing/discount/promotion.ts';
import type { Page } from '../page.ts';

/** Why a promotion code was not taken, in the visitor's words. */
export function promotionText(page: Page, code: string, refusal: PromotionRefusal): string {
  const { promotion } = page.words;
  const shown = code.trim().slice(0, 50);
  if (refusal.reason === 'minimum') {
    return promotion.minimum(shown, page.money(refusal.amount, refusal.currency));
  }
  return promotion[refusal.reason](shown);
}
