import { placeCredits } from '../../../../db/repositories/usage/credits/place.ts';
import { limitMember, type MemberRoom } from '../../../../db/repositories/usage/ledger/members.ts';
import type { Database, Tx } from '../../../../db/client.ts';
import type { MemberLimits } from '../../../../domain/billing/usage/member-limits.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { periodOf, type Period } from '../../../../domain/period.ts';
import type { UsageRouter } from '../routing/router.ts';

/**
 * How much of each resource a member of a team may use in a month. They lie in the team's bucket, and
 * admission itself holds them; a team that has none does not notice.
 */
export class MemberLimitService {
  readonly #deps: { router: UsageRouter; clock: Clock; buckets: Database['buckets'] };

  constructor(deps: { router: UsageRouter; clock: Clock; buckets: Database['buckets'] }) {
    this.#deps = deps;
  }

  /**
   * Gives a member these limits in the place of those before, {} none, in the caller's transaction; in a
   * bucket on a server of its own they hold at once. No call after it passes them, by however many
   * callers; what was used or held before stays.
   */
  async set(within: Tx, change: { tenantId: string; memberId: string; limits: MemberLimits }) {
    const place = await placeCredits(within, this.#deps.buckets, change.tenantId);
    await limitMember(place, { ...change, now: this.#deps.clock.now() });
  }

  /** Every limit of a tenant's members, or of one, and what of it is used and held this month. */
  list(
    tenantId: string,
    memberId?: string,
    period: Period = periodOf(this.#deps.clock.now()),
  ): Promise<MemberRoom[]> {
    return this.#deps.router.read(
      tenantId,
      (bucket) => bucket.listMemberRooms(tenantId, period, memberId),
      (rooms) => rooms.length === 0,
    );
  }
}
