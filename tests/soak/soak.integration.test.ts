import { expect, inject, test } from 'vitest';
import { eachOf } from '../faults/concurrency.ts';
import { TEMPLATE } from '../support/postgres.global.ts';
import { Effects, ENOUGH } from './effects.ts';
import { describeHistory, makeRounds } from './history.ts';
import { brokenBy } from './judge.ts';
import { openWorld } from './open-world.ts';
import { playRound } from './play.ts';

/** `npm run soak` plays as many as one likes, and shortens what breaks. */
const runs = Number(process.env.SOAK_RUNS ?? 2);
const seed = Number(process.env.SOAK_SEED ?? 87);
/** More of them wait for one another. */
const LANES = 2;

test(
  `${runs} random histories come right by themselves, and keep the promises for a year`,
  async () => {
    const postgres = { adminUrl: inject('postgresUrl'), template: TEMPLATE };
    const statuses: number[] = [];
    const broken: object[] = [];
    const effects = new Effects();
    await eachOf(LANES, makeRounds(seed, runs), async ({ seed: its, round }) => {
      const world = await openWorld(postgres);
      try {
        const played = await playRound(world, round);
        statuses.push(...played.flatMap((one) => one.statuses));
        for (const [at, one] of played.entries()) {
          effects.add(one.effects);
          const found = brokenBy(one);
          const history = describeHistory(round.stretches, one.history);
          if (found.length > 0) broken.push({ seed: its, at, found, history });
        }
      } finally {
        await world.close();
      }
    });
    expect(broken).toEqual([]);
    expect(statuses).toContain(200);
    if (runs >= ENOUGH) expect(effects.never).toEqual([]);
  },
  240_000 + runs * 20_000,
);
