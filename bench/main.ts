import { parseArgs } from 'node:util';
import { benchBeyond } from './beyond/beyond.ts';
import { benchQuotaPath } from './beyond/quota-path.ts';
import { benchBuckets } from './buckets.ts';
import { benchCreditReads } from './credit-reads.ts';
import { loadLedger, startBenchServer, type BenchDatabase } from './database.ts';
import { benchHangUps } from './http/hang-ups.ts';
import { benchHttp } from './http/http.ts';
import { benchMemory } from './memory.ts';
import { benchOperators } from './operators.ts';
import { benchReads } from './reads.ts';
import { benchRedis } from './redis/beside.ts';
import { newReport, printCriteria, writeReport } from './report.ts';
import { benchStatements } from './statements.ts';
import { benchChecks, benchLatency, benchThroughput } from './throughput.ts';

/**
 * `npm run bench`: measures every promise about speed and memory and ends with 1 when one fails.
 * `--quick` takes a tenth of the time, to see that it runs; `--only throughput,http` some parts.
 * With REDIS_SERVER=/usr/bin/redis-server a Redis is measured beside it; without, that part is left out.
 */
const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
});
const PARTS = [
  'memory',
  'throughput',
  'latency',
  'checks',
  'http',
  'hang-ups',
  'reads',
  'buckets',
  'beyond',
  'statements',
  'credits',
  'operators',
  'redis',
] as const;
type Part = (typeof PARTS)[number];
const wanted = new Set(values.only?.split(',') ?? PARTS);
const unknown = [...wanted].filter((part) => !PARTS.includes(part as Part));
if (unknown.length > 0) {
  console.error(`--only takes ${PARTS.join(', ')}; not ${unknown.join(', ')}.`);
  process.exit(1);
}

const startedAt = new Date();
const pace = values.quick ? { rounds: 2, seconds: 0.5 } : { rounds: 7, seconds: 2 };
/** Ledger rows of the database that several parts share. */
const LOADED = values.quick ? 100_000 : 1_000_000;
const report = newReport();
const server = await startBenchServer();
const parts: [Part, () => Promise<void>][] = [];
let loading: Promise<BenchDatabase> | undefined;
/** The database with a ledger that several parts share; it is loaded for the first of them. */
const withLedger = () => (loading ??= loadShared());
try {
  parts.push(
    // First: what the other parts leave behind in the process is not its growth.
    [
      'memory',
      async () => benchMemory(await withLedger(), report, values.quick ? 150_000 : 2_000_000),
    ],
    ['throughput', async () => benchThroughput(await withLedger(), report, pace)],
    ['latency', async () => benchLatency(await withLedger(), report, pace)],
    ['checks', async () => benchChecks(await withLedger(), report, pace)],
    ['redis', besideRedis],
    [
      'http',
      async () =>
        benchHttp(await withLedger(), report, { ...pace, rounds: Math.min(5, pace.rounds) }),
    ],
    [
      'hang-ups',
      async () =>
        benchHangUps(
          await withLedger(),
          report,
          values.quick ? { clients: 200, seconds: 6 } : { clients: 2_000, seconds: 60 },
        ),
    ],
    ['buckets', () => benchBuckets(server, report, pace)],
    [
      'beyond',
      async () => {
        await benchQuotaPath(server, report, pace);
        await benchBeyond(server, report, pace);
      },
    ],
    ['statements', () => benchStatements(server, report, values.quick ? 2 : 5)],
    ['credits', () => benchCreditReads(server, report, values.quick ? 200 : 1_000)],
    [
      'operators',
      () =>
        benchOperators(
          server,
          report,
          values.quick ? { tenants: 10_000, repeats: 5 } : { tenants: 100_000, repeats: 20 },
        ),
    ],
    [
      'reads',
      () =>
        benchReads(server, report, {
          rows: values.quick ? 200_000 : 10_000_000,
          repeats: values.quick ? 200 : 2_000,
        }),
    ],
  );
  for (const [name, run] of parts) if (wanted.has(name)) await run();
} finally {
  await server.stop();
}
printCriteria(report.criteria);
console.log(`\nWritten to ${writeReport(report, startedAt)}`);
process.exitCode = report.criteria.every((criterion) => criterion.passed) ? 0 : 1;

async function besideRedis(): Promise<void> {
  const binary = process.env.REDIS_SERVER;
  if (binary)
    return benchRedis(await withLedger(), report, { ...pace, binary, keysBefore: LOADED });
  console.log(
    '\nBeside Redis: not measured. REDIS_SERVER=/usr/bin/redis-server names the one to start.',
  );
}

async function loadShared(): Promise<BenchDatabase> {
  const database = await server.open('bench');
  console.log(`Loading ${LOADED.toLocaleString('en')} ledger rows …`);
  await loadLedger(database, LOADED, { months: 3, keyed: true });
  return database;
}
