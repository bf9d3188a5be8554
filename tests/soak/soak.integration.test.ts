import { expect, inject, test } from 'vitest';
import { TEMPLATE } from '../support/postgres.global.ts';
import { makeRound, describeHistory } from './history.ts';
import { brokenBy } from './judge.ts';
import { openWorld } from './open-world.ts';
import { playRound } from './play.ts';

/** `npm run soak` plays as many as one likes, and shortens what breaks. */
const size = Number(process.env.SOAK_RUNS ?? 2);
const seed = Number(process.env.SOAK_SEED ?? 4);

test(
  '9 random histories come right by themselves, and keep the promises for a year',
  async () => {
    const postgres = { adminUrl: inject('postgresUrl'), template: TEMPLATE };
    const world = await openWorld(postgres);
    try {
      const round = makeRound(seed, size);
      const played = await playRound(world, round);
      const broken = played.flatMap((one, at) => {
        const found = brokenBy(one);
        return found.length === 0
          ? []
          : [{ found, history: describeHistory(round.stretches, round.histories[at]!) }];
      });
      expect(broken).toEqual([]);
      expect(played.flatMap(({ statuses }) => statuses)).toContain(200);
    } finally {
      await world.close();
    }
  },
  240_000 + size * 20_000,
);
