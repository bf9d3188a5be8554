import type { WorseTerm } from '../../domain/plans.ts';
import { creditPrice } from '../subscription/overage.ts';
import { useText } from './useText.ts';

/** A line about a term that gets worse; needs the words of `announced`. */
export function useTermText(): (term: WorseTerm) => string {
  const { t, f, language } = useText();
  return (term) => {
    const { number, percent } = f.value;
    const resource = 'resourceType' in term ? t(`shell.resources.${term.resourceType}`) : '';
    switch (term.what) {
      case 'limit': {
        const from = term.from === null ? t('announced.terms.unlimited') : number(term.from);
        return term.to === 0
          ? t('announced.terms.limitEnds', { resource })
          : t('announced.terms.limit', { resource, from, to: number(term.to) });
      }
      case 'rate': {
        // Of 1,000 units, from µcr a unit.
        const credits = (rate: number) => number(rate / 1_000);
        return term.to === null
          ? t('announced.terms.rateEnds', { resource })
          : t('announced.terms.rate', { resource, from: credits(term.from), to: credits(term.to) });
      }
      case 'overage': {
        const { currency, to } = term;
        const price = (minorPerCredit: string) =>
          creditPrice({ currency, minorPerCredit }, language.value);
        return to === null
          ? t('announced.terms.overageEnds')
          : t('announced.terms.overage', { from: price(term.from), to: price(to) });
      }
      case 'rollover':
        return term.to === 0
          ? t('announced.terms.rolloverEnds', { resource })
          : t('announced.terms.rollover', {
              ...{ resource, from: percent(term.from), to: percent(term.to) },
            });
      case 'seats':
        return t('announced.terms.seats', { from: number(term.from), to: number(term.to) });
      case 'feature':
        return t('announced.terms.feature', { feature: t(`shell.features.${term.feature}`) });
    }
  };
}
