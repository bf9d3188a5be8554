import { World, type WorldOptions } from '../faults/world.ts';

/** What services of the platform report use with. */
export const INGEST_TOKEN = 'an ingest token of the histories, long enough';

/** Where a round is played: two processes of the product, and calls to Stripe that give up soon. */
export function openWorld(postgres: WorldOptions['postgres']): Promise<World> {
  const env = { STRIPE_TIMEOUT_SECONDS: '1', USAGE_INGEST_TOKEN: INGEST_TOKEN };
  return World.open({ postgres, processes: 2, env });
}
