import type { ClientBase } from 'pg';
import { PLANS_FILE, readPacksFile, readPlansFile, type PlanDraft } from './plans-file.ts';

/**
 * Publishes the plans and packs that come with the product where nothing is published yet. From then on the
 * database has the truth, and `npm run plans:publish` changes it.
 */
export async function publishFirstPlans(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ kept: string | null }>(
    `select to_regclass('plan_versions')::text as kept`,
  );
  const plans = readPlansFile(PLANS_FILE);
  if (rows[0]!.kept === null) return writePlanLimits(client, plans);
  for (const { plan, name, features, limits, rates } of plans) {
    await client.query(
      `insert into plan_versions (plan, version, name, features, limits, rates, published_at,
         carried_at)
       select $1, 1, $2, $3, $4, $5, now(), now()
       where not exists (select from plan_versions where plan = $1::plan)`,
      [plan, name, JSON.stringify(features), JSON.stringify(limits), JSON.stringify(rates)],
    );
  }
  await publishFirstPacks(client);
}

/** Packs are published all together: one that was taken out by an operator does not come back. */
async function publishFirstPacks(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ kept: string | null }>(
    `select to_regclass('credit_packs')::text as kept`,
  );
  if (rows[0]!.kept === null) return;
  const packs = readPacksFile(PLANS_FILE) ?? [];
  await client.query(
    `insert into credit_packs (id, version, credits, bonus, valid_days, amounts, active, published_at)
     select p.id, 1, p.credits, p.bonus, p."validDays", p.amounts, true, now()
     from jsonb_to_recordset($1::jsonb)
       as p(id text, credits int, bonus int, "validDays" int, amounts jsonb)
     where not exists (select from credit_packs)`,
    [JSON.stringify(packs)],
  );
}

/** Where the tables are those of a version that had the numbers in its code. */
async function writePlanLimits(client: ClientBase, plans: readonly PlanDraft[]): Promise<void> {
  for (const { plan, limits } of plans) {
    for (const [resource, limit] of Object.entries(limits)) {
      await client.query(
        `insert into plan_limits (plan, resource_type, "limit") values ($1, $2, $3)
         on conflict do nothing`,
        [plan, resource, limit],
      );
    }
  }
}
