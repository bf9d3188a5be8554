import { meteredTenant } from '../../../../../../tests/support/metered-tenant.ts';
import type { TestDatabase } from '../../../../../../tests/support/test-database.ts';
import { HandClock, usageService } from '../../__tests__/service.ts';

export const clock = new HandClock('2026-05-10T12:00:00Z');
export const by = { actor: { kind: 'service', name: 'test' }, reason: 'a test' } as const;
export const credits = (count: number) => count * 1_000_000;

/** A team on the free plan, its credits in each bucket, and the clock on 10 May. */
export async function grantsWorld(database: TestDatabase) {
  clock.set('2026-05-10T12:00:00Z');
  const tenantId = await meteredTenant(database.pool);
  const usage = usageService(database, clock);
  const give = (originRef: string, count: number, expires = '2027-05-10T12:00:00Z', more = {}) =>
    usage.credits.grant({
      ...{ tenantId, origin: 'goodwill', originRef, amountMicro: credits(count), ...by },
      ...{ expiresAt: new Date(expires), ...more },
    });
  const states = async () =>
    (await usage.credits.read(tenantId)).grants.map(({ state, left }) => [state, left / 1e6]);
  return { tenantId, usage, credits: usage.credits, give, states };
}
