import { LRUCache } from 'lru-cache';
import type { Db } from '../../../db/client.ts';
import { findMembership } from '../../../db/repositories/accounts/membership.repository.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { Role } from '../../../domain/ids.ts';
import { Watchers } from '../../streams/watchers.ts';

/** For so long a process believes what it read of a membership: half of what a removal may take. */
const FRESH_MS = 30_000;
const MEMBERSHIPS_MAX = 50_000;

/** A person in one of their tenants. */
export interface MembershipKey {
  tenantId: string;
  userId: string;
}

/** What somebody is in a tenant. */
export interface MemberAccess {
  role: Role;
  /** Who has none reads and does nothing. */
  hasSeat: boolean;
}

/**
 * What people are in their tenants, remembered for half a minute: whoever is removed has no access after
 * it, in every process, though an access token lives longer.
 */
export class MembershipCache {
  readonly #db: Db;
  readonly #known = new LRUCache<string, MemberAccess & { readAt: number }>({
    max: MEMBERSHIPS_MAX,
  });

  /** By membership, who is to look at it again. */
  readonly #watched = new Watchers<() => void>();

  readonly #elapsedMs: () => number;

  /** `elapsedMs` counts from whenever; the machine's count unless told. */
  constructor({ db, elapsedMs = () => performance.now() }: { db: Db; elapsedMs?: () => number }) {
    this.#db = db;
    this.#elapsedMs = elapsedMs;
  }

  /** 401 `unauthenticated` for who does not belong to the tenant. */
  async get(who: MembershipKey): Promise<MemberAccess> {
    const known = this.#known.get(keyOf(who));
    if (known && this.#elapsedMs() - known.readAt < FRESH_MS) return known;
    return this.getNow(who);
  }

  /** As the database has it at this moment: for what moves money, and people. */
  async getNow(who: MembershipKey): Promise<MemberAccess> {
    const readAt = this.#elapsedMs();
    const row = await findMembership(this.#db, who);
    if (!row) {
      this.#known.delete(keyOf(who));
      throw notAMember();
    }
    const standing = { role: row.role, hasSeat: row.hasSeat, readAt };
    this.#known.set(keyOf(who), standing);
    return standing;
  }

  /**
   * Something of it has changed here, and is committed: the next question is asked of the database, and
   * answers that stay open ask at once.
   */
  forget(who: MembershipKey): void {
    this.#known.delete(keyOf(who));
    for (const look of this.#watched.of(keyOf(who))) look();
  }

  /** How many watch in this process. */
  get watchers(): number {
    return this.#watched.count;
  }

  /**
   * For answers that stay open: aborts with the membership, at once where it ends in this process, within a
   * minute elsewhere. `stop` when done.
   */
  watch(who: MembershipKey): { ended: AbortSignal; stop(): void } {
    const end = new AbortController();
    const look = () => {
      this.get(who).catch((error: unknown) => {
        if (error instanceof BillingError) end.abort();
      });
    };
    const leave = this.#watched.add(keyOf(who), look);
    const timer = setInterval(look, FRESH_MS / 2).unref();
    return {
      ended: end.signal,
      stop: () => {
        clearInterval(timer);
        leave();
      },
    };
  }
}

function keyOf({ tenantId, userId }: MembershipKey): string {
  return `${tenantId} ${userId}`;
}

function notAMember(): BillingError {
  return new BillingError(
    'unauthenticated',
    'You do not belong to this team, or the account no longer exists; sign in again.',
  );
}
