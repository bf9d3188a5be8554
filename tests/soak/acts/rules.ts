import type { LimitsView } from '../../../src/domain/billing/spending/limits-view.ts';
import {
  MINORS_MAXIMA,
  NO_RULE,
  type SpendingMaxima,
} from '../../../src/domain/billing/spending/rules.ts';
import type { Person } from '../../faults/person.ts';
import type { Told } from '../told.ts';
import { nowOf, putLimits, type Act } from './act.ts';

/** What a team may spend: tighter at once, looser a day later. */
export const RULES = {
  'a rule for under 8': (person, told) => ofAge(person, told, 'minor_under_8'),
  'a rule for 8 to 15': (person, told) => ofAge(person, told, 'minor_8_15'),
  'a rule for 16 and 17': (person, told) => ofAge(person, told, 'minor_16_17'),
  'a rule of 6 at once': (person, told) => own(person, told, { singleMaxMinor: 600 }),
  'a rule of 12 a day': (person, told) => own(person, told, { dayMaxMinor: 1_200 }),
  'a rule of 40 a month': (person, told) => own(person, told, { monthMaxMinor: 4_000 }),
  'no rule any more': (person, told) => set(person, told, { preset: 'none' }, NO_RULE),
} satisfies Record<string, Act>;

const ofAge = (person: Person, told: Told, preset: string) =>
  set(person, told, { preset, currency: 'cny' }, MINORS_MAXIMA[preset]!['cny']!);

const own = (person: Person, told: Told, maxima: Partial<SpendingMaxima>) =>
  set(person, told, { preset: 'own', currency: 'cny', ...maxima }, { ...NO_RULE, ...maxima });

async function set(
  person: Person,
  told: Told,
  rules: object,
  maxima: SpendingMaxima,
): Promise<number> {
  // An answer that is lost may have loosened the rule before, a day later.
  told.rules.push({ at: nowOf(person), maxima: NO_RULE });
  const { status, body } = await putLimits<LimitsView>(person, { rules });
  if (status !== 200) return status;
  told.rules.push({ at: nowOf(person), maxima });
  const { monthMaxMinor } = maxima;
  const { enabled, capMinor } = body.overage;
  if (monthMaxMinor !== null && enabled && Number(capMinor) > monthMaxMinor)
    told.broken.push(`a rule of ${monthMaxMinor} a month leaves a cap of ${capMinor}`);
  return status;
}
