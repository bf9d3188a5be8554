import { inEveryBucket } from '../../../../../../tests/support/buckets.ts';
import { memberFaults } from '../../../../../../tests/support/metered-tenant.ts';
import type { TestDatabase } from '../../../../../../tests/support/test-database.ts';
import { createLog } from '../../../../log.ts';
import { overageWorld } from '../../credits/__tests__/overage-world.ts';
import { HandClock } from '../../__tests__/service.ts';
import type { Reversed } from '../reversal.service.ts';
import { LedgerVerificationService } from '../ledger-verification.service.ts';

export const clock = new HandClock('2026-05-10T12:00:00Z');
const by = { actor: { kind: 'service', name: 'test' }, reason: 'it was black' } as const;

/** A tenant on Pro of whose 500 pictures none is left; one more is two credits, or 24 fen. */
export async function reversalWorld(database: TestDatabase, capMinor: number | null = null) {
  const world = await overageWorld(database, clock, capMinor);
  const { tenantId, usage } = world;
  const names = new Map<string | null, string>();
  const ask = <Row extends Record<string, unknown>>(text: string, ...values: unknown[]) =>
    inEveryBucket<Row>(database.pool, text, [tenantId, ...values]);
  const request = (row: string, extendTo?: string) => ({
    ...{ tenantId, row, ...by },
    extendTo: extendTo === undefined ? undefined : new Date(extendTo),
  });
  return {
    ...{ ...world, by, ask },
    /** Gives credits under a name, until then. */
    give: async (name: string, count: number, expires = '2026-12-01T00:00:00Z') => {
      const { grant } = await usage.credits.grant({
        ...{ tenantId, origin: 'goodwill' as const, originRef: name, ...by },
        ...{ amountMicro: count * 1_000_000, expiresAt: new Date(expires) },
      });
      names.set(grant.id, name);
      return grant.id;
    },
    /** The ids of the ledger's rows, in order. */
    rows: async () =>
      (
        await ask<{ id: string }>(
          'select id from u00.usage where tenant_id = $1 order by created_at, id',
        )
      ).map(({ id }) => id),
    reverse: (row: string, extendTo?: string) => usage.reversals.reverse(request(row, extendTo)),
    foresee: (row: string, extendTo?: string) => usage.reversals.foresee(request(row, extendTo)),
    /** All that a reversal could write, as text. */
    books: async () =>
      JSON.stringify(
        await Promise.all(
          [
            'usage',
            'usage_totals',
            'usage_days',
            'credit_accounts',
            'credit_grants',
            'credit_draws',
          ]
            .concat(['overage_periods', 'usage_reservations', 'usage_member_totals'])
            .map((table) =>
              ask(`select x::text from u00.${table} x where tenant_id = $1 order by 1`),
            ),
        ),
      ),
    /** Who got how many credits back, and what of them lapsed or was revoked. */
    sources: ({ sources }: Reversed) =>
      sources.map(({ kind, grantId, micro, lapsedMicro, revokedMicro }) => [
        names.get(grantId) ?? kind,
        ...[micro / 1e6, lapsedMicro / 1e6, revokedMicro / 1e6],
      ]),
  };
}

/** What the nightly verification finds: nothing, when all books agree. */
export async function faults(database: TestDatabase): Promise<unknown[]> {
  const log = createLog('silent', false);
  const found = await new LedgerVerificationService({ database, clock, log }).verify();
  const { differences, credits, rated, members, limits, copies } = found;
  const ofMembers = await memberFaults(database.pool);
  return [differences, credits, rated, members, limits, copies, ofMembers].flat();
}
