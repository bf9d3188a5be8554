import type { ActFact, ActWord } from '../../domain/accounts/operator-act.ts';
import { MICRO_PER_CREDIT } from '../../domain/billing/credits.ts';
import { mailWord } from '../settings/operator-words.ts';
import { useStateText } from './useStateText.ts';
import { useText } from './useText.ts';

/** What a fact of an act says, in the reader's words; its name is `admin.facts.<name>`. */
export function useFactText(): (fact: ActFact) => string {
  const { t, f } = useText();
  const states = useStateText();

  function text(name: ActFact['name'], value: string): string {
    if (name === 'plan' || name === 'planBefore') return states.plan(value);
    if (name === 'state') return states.any(value);
    if (name === 'month') return f.value.month(value);
    if (name === 'mail') return mailWord(value, t);
    return value;
  }

  return ({ name, kind, value, currency = '' }) => {
    if (value === null) return '–';
    if (kind === 'money') return f.value.money({ amountMinor: Number(value), currency });
    if (kind === 'credits') return f.value.number(Number(value) / MICRO_PER_CREDIT);
    if (kind === 'word') return t(`admin.words.${value as ActWord}`);
    if (kind === 'count') return f.value.number(Number(value));
    return kind === 'instant' ? f.value.moment(String(value)) : text(name, String(value));
  };
}
