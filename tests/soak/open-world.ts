import { LinkTokens } from '../../src/server/services/mail/link-token.ts';
import { World, type WorldOptions } from '../faults/world.ts';

/** What services of the platform report use with. */
export const INGEST_TOKEN = 'an ingest token of the histories, long enough';
/** What mailed links are made under. */
const JWT_SECRET = 'a secret of the histories, which is long enough';

/** The token of a mailed link, as its reader has it. */
export const linkTokenOf = (linkId: string): string => new LinkTokens(JWT_SECRET).of(linkId);

/** Where a round is played: two processes of the product, and calls to Stripe that give up soon. */
export function openWorld(postgres: WorldOptions['postgres']): Promise<World> {
  const env = { STRIPE_TIMEOUT_SECONDS: '1', USAGE_INGEST_TOKEN: INGEST_TOKEN, JWT_SECRET };
  return World.open({ postgres, processes: 2, env });
}
