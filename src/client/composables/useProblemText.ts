import { refusalIn } from '../../domain/accounts/operator-act.ts';
import type { ApiProblem } from '../services/api-problem.ts';
import { brokenRule } from '../subscription/broken-rule.ts';
import { useText } from './useText.ts';

/** The sentence for a problem: its code's, or a closer one where the details say more. */
export function useProblemText(): (problem: ApiProblem) => string {
  const { t, f } = useText();
  return ({ code, details }) => {
    // Asking again would meet the same arrangement of our staff each time.
    if (code === 'state_changed' && details['arranged'] !== undefined) {
      return details['arranged'] === 'sends_invoices'
        ? t('subscription.arranged.invoices')
        : t('subscription.arranged.other');
    }
    const refusal = refusalIn(details);
    if (refusal) return t(`admin.refusals.${refusal}`);
    const { leftMinor, currency } = details;
    if (code === 'nothing_to_refund' && Number(leftMinor) > 0) {
      const left = { amountMinor: Number(leftMinor), currency: String(currency) };
      return t('admin.act.leftToRefund', { amount: f.value.money(left) });
    }
    const rule = code === 'spending_rule' ? brokenRule(details, f.value) : null;
    return rule ? t(rule.key, rule.values) : t(`errors.${code}`);
  };
}
