import type { World } from '../faults/world.ts';
import type { History, Stretch } from './history.ts';
import { brokenBy } from './judge.ts';
import { playRound } from './play.ts';

export interface ShrinkCandidate {
  stretches: Stretch[];
  history: History;
}

/**
 * Looks for a shorter history that breaks a promise too: leaves out one thing at a time, and goes on
 * from what still breaks one. Candidates with the same stretches are played side by side.
 */
export async function shorten(
  openWorld: () => Promise<World>,
  candidate: ShrinkCandidate,
): Promise<ShrinkCandidate> {
  let best = candidate;
  for (let round = 0; round < 12; round += 1) {
    const shorter = await firstBroken(openWorld, candidatesOf(best));
    if (!shorter) return best;
    best = shorter;
  }
  return best;
}

async function firstBroken(
  openWorld: () => Promise<World>,
  groups: ShrinkCandidate[][],
): Promise<ShrinkCandidate | undefined> {
  for (const group of groups) {
    if (group.length === 0) continue;
    const world = await openWorld();
    try {
      const { stretches } = group[0]!;
      const histories = group.map(({ history }) => history);
      const played = await playRound(world, { stretches, histories });
      const at = played.findIndex((one) => brokenBy(one).length > 0);
      if (at >= 0) return group[at];
    } finally {
      await world.close();
    }
  }
  return undefined;
}

/** First with a step or its fault less, then with calmer stretches. */
function candidatesOf({ stretches, history }: ShrinkCandidate): ShrinkCandidate[][] {
  const fewer: ShrinkCandidate[] = [];
  history.forEach((steps, at) => {
    steps.forEach((step, n) => {
      const put = (changed: typeof steps) =>
        fewer.push({ stretches, history: history.map((one, i) => (i === at ? changed : one)) });
      put(steps.filter((_, i) => i !== n));
      if (step.kind === 'staff') return;
      if (step.fault) put(steps.map((one, i) => (i === n ? { ...step, fault: null } : one)));
      if (step.kind === 'ask' && step.twice)
        put(steps.map((one, i) => (i === n ? { ...step, twice: false } : one)));
    });
  });
  const calmer = stretches.flatMap((stretch, at): ShrinkCandidate[][] => {
    const put = (changed: Stretch) => [
      { stretches: stretches.map((one, i) => (i === at ? changed : one)), history },
    ];
    const { deliveryFaults, kills, days } = stretch;
    const isCalm = deliveryFaults.drop + deliveryFaults.duplicate + deliveryFaults.shuffle === 0;
    return [
      ...(isCalm
        ? []
        : [put({ ...stretch, deliveryFaults: { duplicate: 0, shuffle: 0, drop: 0 } })]),
      ...(kills === null ? [] : [put({ ...stretch, kills: null })]),
      ...(days === 0 ? [] : [put({ ...stretch, days: 0 })]),
    ];
  });
  return [fewer, ...calmer];
}
