import type { BenchServer } from '../database.ts';
import { usageServiceOf } from '../designs.ts';
import { drive, median } from '../load.ts';
import { atLeast, printFigures, type Report } from '../report.ts';
import type { Pace } from '../throughput.ts';
import { recording } from './designs.ts';
import { agree, grantOnce, putRates } from './prepare.ts';

const CALLERS = 512;
const CAP_MINOR = 1_000_000;

/**
 * What usage billing costs those who stay within their quotas: a bucket where every tenant has rates, an
 * account with a grant, and overage, beside one where nobody has any, in turns, on the same server.
 */
export async function benchQuotaPath(
  server: BenchServer,
  report: Report,
  pace: Pace,
): Promise<void> {
  const without = await server.open('bench_without_credits');
  const billed = await server.open('bench_with_credits');
  await putRates(billed, billed.tenants, 1);
  await grantOnce(billed, billed.tenants);
  await agree(billed, billed.tenants, CAP_MINOR);
  const runs = [without, billed].map((database) => ({
    design: recording(usageServiceOf(database), 'within the quota', 'messages'),
    tenants: database.tenants,
    perSecond: [] as number[],
  }));
  for (let round = -1; round < pace.rounds; round += 1) {
    for (const { design, tenants, perSecond } of runs) {
      const load = await drive(design, tenants, { callers: CALLERS, seconds: pace.seconds });
      // The first of each warms up.
      if (round >= 0) perSecond.push(load.perSecond);
    }
  }
  for (const { design } of runs) if (design.answers.otherwise > 0) throw design.answers.first;
  const [bare, own] = runs.map(({ perSecond }) => perSecond) as [number[], number[]];
  const figures = [
    { name: 'nobody has rates or credits', value: median(bare), unit: 'calls/s' },
    { name: 'everybody has', value: median(own), unit: 'calls/s' },
  ];
  printFigures('The quota path and usage billing', figures);
  report.figures.push(...figures);
  const share = median(own.map((value, round) => value / bare[round]!));
  report.criteria.push(
    atLeast('within the quota: share of what it is without usage billing', share, 0.95, '×'),
  );
}
