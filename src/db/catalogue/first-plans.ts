import type { ClientBase } from 'pg';
import { PLANS_FILE, readPacksFile, readPlansFile, type PlanDraft } from './plans-file.ts';
import { FIRST_EFFECTIVE_AT, RATES_FILE, readRatesFile } from './rates-file.ts';

/**
 * Publishes the plans, the packs and the rate card that come with the product where nothing is published yet. From then on the
 * database has the truth, and `npm run plans:publish` and `rates:publish` change it.
 */
export async function publishFirstPlans(client: ClientBase): Promise<void> {
  const columns = await columnsOf(client, 'plan_versions');
  const plans = readPlansFile(PLANS_FILE);
  if (columns.length === 0) return writePlanLimits(client, plans);
  const { rows } = await client.query<{ now: Date; filled: boolean }>(
    'select now(), exists (select from tenants) as filled',
  );
  const { now, filled } = rows[0]!;
  for (const draft of plans) {
    // Teams from before there were plans have theirs carried to them by the product, in steps.
    const row = { ...draft, version: 1, published_at: now, carried_at: filled ? null : now };
    // What the tables of a version before do not have is left out.
    const known = Object.keys(row).filter((name) => columns.includes(name));
    await client.query(
      `insert into plan_versions (${known.join(', ')})
       select ${known.join(', ')} from jsonb_populate_record(null::plan_versions, $2)
       where not exists (select from plan_versions where plan = $1::plan)`,
      [draft.plan, JSON.stringify(row)],
    );
  }
  await publishFirstPacks(client);
  await publishFirstRates(client);
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

async function publishFirstRates(client: ClientBase): Promise<void> {
  if ((await columnsOf(client, 'rate_cards')).length === 0) return;
  await client.query(
    `insert into rate_cards (version, effective_at, weights, published_at)
     select 1, $1, $2, now() where not exists (select from rate_cards)`,
    [FIRST_EFFECTIVE_AT, JSON.stringify(readRatesFile(RATES_FILE))],
  );
}

async function columnsOf(client: ClientBase, table: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`,
    [table],
  );
  return rows.map(({ name }) => name);
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
