import type { UsageService } from '../../src/server/services/usage.service.ts';
import { TENANTS, type BenchDatabase, type BenchServer } from '../database.ts';
import { usageServiceOf, type Design } from '../designs.ts';
import { drive, median } from '../load.ts';
import { atLeast, printFigures, type Criterion, type Report } from '../report.ts';
import type { Pace } from '../throughput.ts';
import { Books } from './books.ts';
import { holding, recording, refused, type CountedDesign } from './designs.ts';
import { plainCredits } from './plain.ts';
import {
  CAPPED_RATE_MICRO,
  HEAD_MICRO,
  MEMBERS,
  prepareBeyond,
  refill,
  SETS,
  SPLIT_MICRO,
  UNITS_TO_CAP,
  type Sets,
} from './prepare.ts';

const CALLERS = 512;
/** Calls a second for which there are grants before anybody knows how many it will be. */
const GUESS_PER_SECOND = 20_000;
const QUOTA_PATH_LEAST = 45_000;
const ALL_BEYOND_LEAST = 20_000;

/** Calls of one kind by some tenants. */
interface Line {
  design: Design | CountedDesign;
  tenants: string[];
  /** What a unit takes of credits; 0 within the quota. */
  rateMicro?: number;
  callers?: number;
  /** Before each run: grants of so many µcr, one for each `callsEach` calls. */
  grants?: { micro: number; callsEach: number };
}

/**
 * Use beyond the quota beside use within it, in turns: by grants, by overage, on one tenant, by grants that
 * end, refused at the cap, held, by members with limits, and by the plain design. Ratios are of the same
 * round; the median round counts. After each run the books are compared with what was acknowledged.
 */
export async function benchBeyond(server: BenchServer, report: Report, pace: Pace): Promise<void> {
  const database = await server.open('bench_beyond', TENANTS * SETS.length);
  const sets = setsOf(database.tenants);
  await prepareBeyond(database, sets);
  const usage = usageServiceOf(database);
  // Listening, it keeps the plans that refusals name.
  usage.start();
  const books = new Books(database);
  await reachCaps(usage, sets.capped, books);
  const lines = linesOf(usage, sets, await plainCredits(database, sets.granted));
  const perSecond = new Map<string, number[]>(lines.map(({ design }) => [design.name, []]));
  // The first of each warms up.
  for (let round = -1; round < pace.rounds; round += 1) {
    for (const line of lines) {
      const seconds = round < 0 ? 0.5 : pace.seconds;
      const rates = perSecond.get(line.design.name)!;
      await supply(database, line, (rates.at(-1) ?? GUESS_PER_SECOND) * seconds);
      const load = await runBooked(books, line, seconds);
      if (round < 0) rates[0] = load.perSecond;
      else rates[round] = load.perSecond;
    }
  }
  await usage.stop();
  addCriteria(lines, perSecond, report);
  await books.report(report);
}

function setsOf(tenants: readonly string[]): Sets {
  return Object.fromEntries(
    SETS.map((name, n) => [name, tenants.slice(n * TENANTS, (n + 1) * TENANTS)]),
  ) as Sets;
}

function linesOf(usage: UsageService, sets: Sets, plain: Design): Line[] {
  const { granted, billed, capped, heads, split, members } = sets;
  const one = granted.slice(7, 8);
  const small = { micro: HEAD_MICRO, callsEach: HEAD_MICRO };
  return [
    { design: recording(usage, WITHIN, 'messages'), tenants: granted },
    { design: recording(usage, GRANTED, 'images'), tenants: granted, rateMicro: 1 },
    { design: recording(usage, BILLED, 'images'), tenants: billed, rateMicro: 1 },
    { design: recording(usage, HEADS, 'images'), tenants: heads, rateMicro: 1, grants: small },
    { design: recording(usage, ONE_WITHIN, 'messages'), tenants: one },
    { design: recording(usage, ONE_BEYOND, 'images'), tenants: one, rateMicro: 1 },
    { design: refused(usage, REFUSED, 'images'), tenants: capped, rateMicro: CAPPED_RATE_MICRO },
    { design: recording(usage, LIMITED, 'messages', MEMBERS), tenants: members },
    { design: holding(usage, HELD, 'messages'), tenants: granted },
    {
      ...{ design: holding(usage, SPLIT, 'api_calls'), tenants: split, rateMicro: 1 },
      grants: { micro: SPLIT_MICRO, callsEach: 1 },
    },
    // It has a connection a call: more callers than connections would wait for one.
    { design: plain, tenants: granted, callers: 20 },
  ];
}

const WITHIN = 'within the quota';
const GRANTED = 'all beyond it, by grants';
const BILLED = 'beyond it, by overage';
const HEADS = 'beyond it, by grants of 100 calls';
const ONE_WITHIN = 'within it, one tenant';
const ONE_BEYOND = 'beyond it, one tenant';
const REFUSED = 'refused at the cap';
const LIMITED = 'within it, by members with limits';
const HELD = 'hold and settle';
const SPLIT = 'hold and settle, two sources';

/** All at once run into their caps: what passes is what fits, to the unit. */
async function reachCaps(usage: UsageService, tenants: string[], books: Books): Promise<void> {
  const design = recording(usage, 'to the cap', 'images');
  const calls = tenants.flatMap((tenant) => Array.from({ length: UNITS_TO_CAP * 2 }, () => tenant));
  await books.compare({ design, tenants, rateMicro: CAPPED_RATE_MICRO }, async () => {
    while (calls.length > 0) await Promise.all(calls.splice(0, CALLERS).map(design.call));
  });
}

/** Twice as many grants as the next run will use up, for whoever is called more often than others. */
async function supply(database: BenchDatabase, line: Line, calls: number): Promise<void> {
  const { grants, tenants } = line;
  if (grants === undefined) return;
  const count = Math.ceil((2 * calls) / tenants.length / grants.callsEach) + 10;
  await refill(database, tenants, { micro: grants.micro, count });
}

function runBooked(books: Books, line: Line, seconds: number) {
  const { design, tenants, rateMicro = 0, callers = CALLERS } = line;
  const run = () => drive(design, tenants, { callers, seconds });
  return 'answers' in design ? books.compare({ design, tenants, rateMicro }, run) : run();
}

function addCriteria(
  lines: readonly Line[],
  perSecond: ReadonlyMap<string, number[]>,
  report: Report,
): void {
  const of = (name: string) => median(perSecond.get(name)!);
  const figures = lines.map(({ design: { name } }) => ({ name, value: of(name), unit: 'calls/s' }));
  printFigures(`Beyond the quota, ${TENANTS} tenants each`, figures);
  report.figures.push(...figures);
  const designs = lines.map(({ design }) => design);
  const share = (a: string, b: string) =>
    median(perSecond.get(a)!.map((value, round) => value / perSecond.get(b)![round]!));
  const least = (name: string, beside: string, min: number) =>
    answered(
      atLeast(`${name}: share of ${beside}`, share(name, beside), min, '×'),
      designs.filter((design) => design.name === name || design.name === beside),
    );
  const plain = designs.at(-1)!.name;
  report.criteria.push(
    least(GRANTED, WITHIN, 0.6),
    whereQuotaPathIsQuick(of(GRANTED), of(WITHIN)),
    least(BILLED, WITHIN, 0.6),
    least(HEADS, WITHIN, 0.3),
    least(ONE_BEYOND, ONE_WITHIN, 0.5),
    least(REFUSED, WITHIN, 0.5),
    least(LIMITED, WITHIN, 0.5),
    least(SPLIT, HELD, 0.3),
    atLeast(`${GRANTED}: times the plain design`, share(GRANTED, plain), 10, '×'),
  );
}

/** A line in which calls were answered otherwise than they should be misses, however quick that was. */
function answered(criterion: Criterion, designs: readonly (Design | CountedDesign)[]): Criterion {
  const otherwise = designs.flatMap((design) =>
    'answers' in design && design.answers.otherwise > 0 ? [design] : [],
  );
  for (const { name, answers } of otherwise) console.log(`  ${name}: ${String(answers.first)}`);
  if (otherwise.length === 0) return criterion;
  const calls = otherwise.reduce((sum, { answers }) => sum + answers.otherwise, 0);
  return { ...criterion, measured: `${calls} answered otherwise`, passed: false };
}

function whereQuotaPathIsQuick(beyond: number, within: number): Criterion {
  const criterion = atLeast(`${GRANTED}`, beyond, ALL_BEYOND_LEAST, 'calls/s');
  if (within >= QUOTA_PATH_LEAST) return criterion;
  return {
    ...criterion,
    required: `${criterion.required} where it is ${QUOTA_PATH_LEAST.toLocaleString('en')} within the quota; not here`,
    passed: true,
  };
}
