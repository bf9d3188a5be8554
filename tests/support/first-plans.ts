import { PLANS_FILE, readPlansFile } from '../../src/db/catalogue/plans-file.ts';
import type { Plan, PlanDefinition } from '../../src/domain/plans.ts';

/** What a fresh database publishes, by plan. */
export const FIRST_PLANS = Object.fromEntries(
  readPlansFile(PLANS_FILE).map((draft) => [draft.plan, { ...draft, version: 1 }]),
) as Record<Plan, PlanDefinition>;
