import { NOW, type BenchDatabase, type BenchServer } from './database.ts';
import { usageServiceOf } from './designs.ts';
import { median } from './load.ts';
import { atMost, printFigures, type Report } from './report.ts';

const SPENT = 1_000;
const LIVE = 20;

/** What `GET /api/credits` reads, of a tenant with one grant and of one with many, in turns. */
export async function benchCreditReads(
  server: BenchServer,
  report: Report,
  repeats: number,
): Promise<void> {
  const database = await server.open('bench_credit_reads');
  const [few, many] = database.tenants as [string, string];
  await grant(database, few, 1);
  await spend(database, many);
  await grant(database, many, LIVE);
  await database.pool.query('vacuum analyze u00.credit_grants');
  const { credits } = usageServiceOf(database);
  const times = { few: [] as number[], many: [] as number[] };
  const read = async (tenantId: string) => {
    const start = performance.now();
    await credits.read(tenantId);
    return performance.now() - start;
  };
  for (let i = 0; i < repeats; i += 1) {
    times.few.push(await read(few));
    times.many.push(await read(many));
  }
  const figures = [
    { name: 'credits with 1 grant, p50', value: median(times.few), unit: 'ms' },
    {
      name: `credits with ${SPENT} spent and ${LIVE} live, p50`,
      value: median(times.many),
      unit: 'ms',
    },
  ];
  printFigures('Reads: credits', figures);
  report.figures.push(...figures);
  report.criteria.push(
    atMost(
      `credits with ${SPENT} spent and ${LIVE} live grants: times those with 1`,
      median(times.many) / median(times.few),
      1.2,
      '×',
    ),
  );
}

/** Grants that end one after the other. */
async function grant({ pool }: BenchDatabase, tenantId: string, count: number): Promise<void> {
  await pool.query(
    `select u00.credit_grant($1, gen_random_uuid(), 'goodwill', 'live-' || n, 1::smallint, 1000000, $2,
       $2::timestamptz + n * interval '1 day', 'bench', 'bench', $2)
     from generate_series(1, $3::int) as n`,
    [tenantId, NOW, count],
  );
}

/** Grants that were used up before now. */
async function spend({ pool }: BenchDatabase, tenantId: string): Promise<void> {
  await pool.query(
    `insert into u00.credit_grants (tenant_id, id, origin, origin_ref, class, amount_micro, left_micro,
       effective_at, expires_at, actor, reason, created_at)
     select $1, gen_random_uuid(), 'goodwill', 'spent-' || n, 1, 1000000, 0,
       $2::timestamptz - interval '100 days', $2::timestamptz - n * interval '1 hour', 'bench', 'bench', $2
     from generate_series(1, $3::int) as n`,
    [tenantId, NOW, SPENT],
  );
}
