import type { Person } from '../../faults/person.ts';
import type { Told } from '../told.ts';
import type { Act } from './act.ts';
import { BEYOND_QUOTA } from './beyond-quota.ts';
import { BILLS } from './bills.ts';
import { HOLDS } from './holds.ts';
import { MEMBERS } from './members.ts';
import { OPERATORS } from './operators.ts';
import { PACKS } from './packs.ts';
import { RULES } from './rules.ts';
import { TOP_UPS } from './top-ups.ts';

const GROUPS = [BEYOND_QUOTA, BILLS, PACKS, TOP_UPS, RULES, HOLDS, MEMBERS, OPERATORS] as const;
const ACTS = {
  ...{ ...BEYOND_QUOTA, ...BILLS, ...PACKS, ...TOP_UPS },
  ...{ ...RULES, ...HOLDS, ...MEMBERS, ...OPERATORS },
};

export type UseAct = keyof typeof ACTS;

/** By what they are about. */
export const USE_ACTS = GROUPS.map((some) => Object.keys(some) as UseAct[]);

/** Does it; 0 also where no answer came. */
export function use(person: Person, act: UseAct, told: Told): Promise<number> {
  const does: Act = ACTS[act];
  return does(person, told).catch(() => 0);
}
