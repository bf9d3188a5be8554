import type { BenchDatabase, BenchServer } from './database.ts';
import { PERIOD, NOW } from './database.ts';
import { holding, plainCredits, recording } from './beyond-designs.ts';
import { usageServiceOf } from './designs.ts';
import { drive, median } from './load.ts';
import { atLeast, printFigures, type Report } from './report.ts';
import type { Pace } from './throughput.ts';

const CALLERS = 512;
/** µcr that no run uses up, and a cap and an exposure to match. */
const PLENTY = 9_000_000_000_000;

/**
 * Use beyond the quota beside use within it, in turns: by grants, by overage, on one tenant, refused at the
 * cap, held, and by the plain design. Ratios are of the same round; the median round counts.
 */
export async function benchBeyond(server: BenchServer, report: Report, pace: Pace): Promise<void> {
  const database = await server.open('bench_beyond');
  const third = Math.floor(database.tenants.length / 3);
  const sets = [0, 1, 2].map((n) => database.tenants.slice(n * third, (n + 1) * third));
  const [granted, billed, capped] = sets as [string[], string[], string[]];
  await prepare(database, { granted, billed, capped });
  const usage = usageServiceOf(database);
  // Listening, it keeps the plans that refusals name.
  usage.start();
  const runs = [
    { design: recording(usage, 'within the quota', 'messages'), tenants: granted },
    { design: recording(usage, 'beyond it, by grants', 'images'), tenants: granted },
    { design: recording(usage, 'beyond it, by overage', 'images'), tenants: billed },
    { design: recording(usage, 'within it, one tenant', 'messages'), tenants: granted.slice(7, 8) },
    { design: recording(usage, 'beyond it, one tenant', 'images'), tenants: granted.slice(7, 8) },
    { design: recording(usage, 'refused at the cap', 'images'), tenants: capped },
    { design: holding(usage, 'hold and settle', 'messages'), tenants: granted },
    { design: holding(usage, 'hold and settle, two sources', 'api_calls'), tenants: granted },
    // It has a connection a call: more callers than connections would wait for one.
    { design: await plainCredits(database), tenants: granted, callers: 20 },
  ];
  const perSecond = new Map<string, number[]>(runs.map(({ design }) => [design.name, []]));
  for (const { design, tenants, callers = CALLERS } of runs) {
    await drive(design, tenants, { callers, seconds: 0.5 });
  }
  for (let round = 0; round < pace.rounds; round += 1) {
    for (const { design, tenants, callers = CALLERS } of runs) {
      const load = await drive(design, tenants, { callers, seconds: pace.seconds });
      perSecond.get(design.name)!.push(load.perSecond);
    }
  }
  await usage.stop();
  const figures = runs.map(({ design: { name } }) => ({
    ...{ name, value: median(perSecond.get(name)!), unit: 'calls/s' },
  }));
  printFigures(`Beyond the quota, ${third} tenants each`, figures);
  report.figures.push(...figures);
  const share = (a: string, b: string) =>
    median(perSecond.get(a)!.map((value, round) => value / perSecond.get(b)![round]!));
  const least = (name: string, beside: string, min: number) =>
    atLeast(`${name}: share of ${beside}`, share(name, beside), min, '×');
  report.criteria.push(
    least('beyond it, by grants', 'within the quota', 0.6),
    least('beyond it, by overage', 'within the quota', 0.6),
    least('beyond it, one tenant', 'within it, one tenant', 0.5),
    least('refused at the cap', 'within the quota', 0.5),
    least('hold and settle, two sources', 'hold and settle', 0.3),
    atLeast(
      'beyond it, by grants: times the plain design',
      share('beyond it, by grants', 'the plain design: lock, sum, insert'),
      10,
      '',
    ),
  );
}

/** No pictures in anybody's quota, and one call of the API: what each has instead. */
async function prepare(
  { pool }: BenchDatabase,
  sets: Record<'granted' | 'billed' | 'capped', string[]>,
): Promise<void> {
  await pool.query(
    `update u00.usage_totals
     set "limit" = case when resource_type = 'images' then 0 else 1 end, rate_micro = 1
     where period = $1 and resource_type in ('images', 'api_calls')`,
    [PERIOD],
  );
  for (const tenantId of sets.granted) {
    await pool.query(
      `select u00.credit_grant($1, gen_random_uuid(), 'goodwill', 'bench', 0::smallint, $2, $3,
         $3::timestamptz + interval '1 year', 'bench', 'bench', $3)`,
      [tenantId, PLENTY, NOW],
    );
  }
  await pool.query(
    `update u00.usage_tenants set overage = '{"currency": "cny", "minorPerCredit": "0.001"}'`,
  );
  for (const tenantId of [...sets.billed, ...sets.capped]) {
    const cap = sets.capped.includes(tenantId) ? 0 : PLENTY / 1_000;
    await pool.query(
      `select u00.credit_overage_set($1, true, $2, 'cny', 0.001, '{}', 'bench', $3)`,
      [tenantId, cap, NOW],
    );
    await pool.query('select u00.credit_overage_trust($1, $2)', [tenantId, PLENTY / 1_000]);
  }
}
