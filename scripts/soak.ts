import { availableParallelism } from 'node:os';
import { eachOf } from '../tests/faults/concurrency.ts';
import { beginRun } from '../tests/faults/run.ts';
import { Effects, ENOUGH } from '../tests/soak/effects.ts';
import { describeHistory, makeRounds, type Round } from '../tests/soak/history.ts';
import { tallyOf } from '../tests/soak/verification.ts';
import { brokenBy } from '../tests/soak/judge.ts';
import { openWorld } from '../tests/soak/open-world.ts';
import { playRound } from '../tests/soak/play.ts';
import { shorten } from '../tests/soak/shrink.ts';

/**
 * Random histories of customers, what they use, staff, cards and time, with failing calls, events that come twice,
 * shuffled, late or never, two app processes, and SIGKILL. Each must come right by itself within
 * fifteen minutes, and keep the promises for a year. One that does not is told as short as it gets.
 *
 *   npm run soak -- --runs 2000 --seed 1            a lane for each core, unless `--lanes 8` says more:
 *                                                   most of its time a history waits, but takes 1 GB a lane
 */
function readNumber(args: readonly string[], name: string, fallback: number): number {
  const at = args.indexOf(`--${name}`);
  if (at < 0) return fallback;
  const value = Number(args[at + 1]);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new Error(`--${name} needs a whole number.`);
}

async function main(args: readonly string[]): Promise<void> {
  const runs = readNumber(args, 'runs', 200);
  const seed = readNumber(args, 'seed', Date.now() % 1_000_000);
  const lanes = readNumber(args, 'lanes', availableParallelism());
  console.log(`${runs} histories from seed ${seed}`);
  const { postgres, end } = await beginRun();
  const tally = new Map<string, number>();
  const open = () => openWorld(postgres);
  const play = async (round: Round) => {
    const world = await open();
    try {
      const played = await playRound(world, round);
      count(tally, Object.entries(await tallyOf(world)));
      return played;
    } finally {
      await world.close();
    }
  };
  let done = 0;
  let broken = 0;
  let unplayed = 0;
  let charges = 0;
  const statuses = new Map<number, number>();
  const effects = new Effects();
  const since = performance.now();
  try {
    await eachOf(lanes, makeRounds(seed, runs), async ({ seed: its, round }) => {
      const size = round.histories.length;
      const played = await play(round).catch((error: unknown) => {
        unplayed += size;
        console.log(`\nSeed ${its} could not be played: ${String(error)}`);
        return [];
      });
      for (const [n, one] of played.entries()) {
        charges += one.charges.length;
        effects.add(one.effects);
        count(
          statuses,
          one.statuses.map((status) => [status, 1]),
        );
        const found = brokenBy(one);
        if (found.length === 0) continue;
        broken += 1;
        console.log(`
History ${n} of seed ${its}: ${found.join('; ')}`);
        const candidate = { stretches: round.stretches, history: one.history };
        const { stretches, history } = await shorten(open, candidate);
        console.log(`${describeHistory(stretches, history)}`);
        console.log(`  npm run soak -- --runs ${size} --seed ${its}`);
      }
      done += played.length;
      console.log(`${done}/${runs} histories, ${broken} broken`);
    });
  } finally {
    await end();
  }
  const answers = [...statuses]
    .sort(([a], [b]) => a - b)
    .map(([one, n]) => `${one || 'none'} ${n}`);
  console.log(`Answers: ${answers.join(', ')}. Charges in the year after: ${charges}.`);
  console.log(`How often each act took effect:\n${effects.table}`);
  console.log(`Beyond the quota: ${[...tally].map(([what, n]) => `${what} ${n}`).join(', ')}.`);
  if (unplayed > 0)
    console.log(`${unplayed} histories were not played; what is wrong stands above.`);
  const minutes = (performance.now() - since) / 60_000;
  console.log(
    `${done} histories, ${broken} broke a promise, ${(done / minutes).toFixed(1)} a minute`,
  );
  const missing = done < ENOUGH ? [] : effects.never;
  if (missing.length > 0) console.log(`What never took effect is not known: ${missing.join(', ')}`);
  process.exitCode = broken + unplayed + missing.length > 0 ? 1 : 0;
}

function count<T>(into: Map<T, number>, more: [what: T, n: number][]): void {
  for (const [what, n] of more) into.set(what, (into.get(what) ?? 0) + n);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
