import type { Readable } from 'node:stream';
import type { DbOrTx, Tx } from '../../../../db/client.ts';
import { placeCredits, type CreditPlace } from '../../../../db/repositories/usage/credits/place.ts';
import { repeated } from '../../../../db/repeated.ts';
import { findTenant } from '../../../../db/repositories/accounts/tenant.repository.ts';
import {
  findChanged,
  findGrant,
  freezeGrant,
  insertGrant,
  revokeGrant,
  spareGrant,
  type CreditVerb,
  type Grant,
  type Revocation,
} from '../../../../db/repositories/usage/credits/grants.ts';
import type { MadeFor } from '../../../../db/repositories/usage/credits/read.ts';
import type {
  OverageTakenNow,
  OverageTakenOf,
} from '../../../../db/repositories/usage/credits/overage.ts';
import { refusing } from '../../../../domain/accounts/operator-act.ts';
import type { CreditHistoryView, CreditsView } from '../../../../domain/billing/credits.ts';
import type {
  OverageLimits,
  OverageOfChange,
  OveragePrice,
  OverageView,
} from '../../../../domain/billing/overage.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { CreditDeps } from './credit-deps.ts';
import { foreseeExposure, setExposure, type ExposureRequest } from './exposure.ts';
import { readLimits, setLimits, type CapGuard, type LimitsInput } from './limits.ts';
import { overageOfChange, readOverageNow } from './overage-view.ts';
import { boundOverage, readOverageTaken, type BoundRequest } from './overage-bound.ts';
import { orDatabaseUnavailable } from './or-database-unavailable.ts';
import { readCredits, readHistory, readLeft, openHistoryCsv } from './read-credits.ts';
import { assertChange, assertGrant } from './validation.ts';
import type {
  GrantRequest,
  FreezeRequest,
  RevokeRequest,
  SpareRequest,
  UnfreezeRequest,
} from './requests.ts';

/**
 * Credits of tenants: made, taken back, frozen and read. What is drawn of them is decided by admission,
 * call by call. Each change has its entry of the audit log, and can be a part of the caller's transaction
 * (`within`), who then commits before anybody sees it; in a bucket on a server of its own it is seen at
 * once, and the caller comes again by the same ref when cut short.
 */
export class CreditService {
  readonly #deps: CreditDeps;

  constructor(deps: CreditDeps) {
    this.#deps = deps;
  }

  /**
   * Makes a grant; the same origin and ref answer the first one, for ever, with `isNew` false. 404
   * `tenant_not_found`, 400 for amounts, times and texts that cannot be.
   */
  grant(request: GrantRequest, within?: Tx): Promise<{ grant: Grant; isNew: boolean }> {
    const now = this.#deps.clock.now();
    const { class: drawn, effectiveAt = now, origin, ...rest } = request;
    assertGrant({ ...request, effectiveAt });
    const isPaid = drawn ? drawn === 'paid' : origin === 'purchase' || origin === 'migration';
    return this.#change(request.tenantId, within, (at) =>
      insertGrant(at, { ...rest, origin, effectiveAt, isPaid, now }),
    );
  }

  /** The grant that a request's ref has made already: `grant` would answer that one. Errors are its own. */
  foreseeGrant(request: GrantRequest): Promise<Grant | undefined> {
    const { tenantId, effectiveAt = this.#deps.clock.now() } = request;
    assertGrant({ ...request, effectiveAt });
    return this.#look(tenantId, (at) => findGrant(at, tenantId, request));
  }

  /** Whether a request's ref has taken from its grant already: `revoke` would take no more. Errors are its own. */
  foreseeRevocation(request: RevokeRequest): Promise<boolean> {
    const { tenantId, ref } = request;
    assertChange(request, request.micro);
    return this.#look(tenantId, async (at) => {
      await this.#resolve(at, request, 'revoke');
      return (await findChanged(at, tenantId, 'revoke', ref)) !== undefined;
    });
  }

  /**
   * Takes back up to `micro` of a grant, all of it unless told. What is used is a shortfall and no debt;
   * what reservations hold is pending. The same `ref` answers the first time's result.
   */
  revoke(request: RevokeRequest, within?: Tx): Promise<Revocation> {
    assertChange(request, request.micro);
    return this.#change(request.tenantId, within, async (at) =>
      revokeGrant(at, {
        ...(await this.#resolve(at, request, 'revoke')),
        micro: request.micro ?? null,
      }),
    );
  }

  /**
   * Ends the revocation of this `ref`, which is not to be, as of a refund that failed; answers how many
   * µcr it took, for the caller to give back. What holds have they keep. A repeat answers the same.
   */
  spare(request: SpareRequest, within?: Tx): Promise<number> {
    assertChange(request);
    return this.#change(request.tenantId, within, async (at) =>
      spareGrant(at, await this.#resolve(at, request, 'spare')),
    );
  }

  /** Keeps a grant from being drawn. False when this `ref` did so before. */
  freeze(request: FreezeRequest, within?: Tx): Promise<boolean> {
    assertChange(request);
    return this.#change(request.tenantId, within, async (at) =>
      freezeGrant(at, { ...(await this.#resolve(at, request, 'freeze')), freeze: true }),
    );
  }

  /** Lets it be drawn again; its end moves by `extendBy` ms, by the time it was frozen unless told. */
  unfreeze(request: UnfreezeRequest, within?: Tx): Promise<boolean> {
    assertChange(request);
    const extendByMs = request.extendBy ?? null;
    return this.#change(request.tenantId, within, async (at) =>
      freezeGrant(at, {
        ...(await this.#resolve(at, request, 'unfreeze')),
        ...{ freeze: false, extendByMs },
      }),
    );
  }

  /** What there is, and what the next call can spend, of a member where one is named. */
  read(tenantId: string, memberId?: string): Promise<CreditsView> {
    return readCredits(this.#deps, tenantId, memberId);
  }

  /** What of the grants made for that is neither drawn nor held, in µcr by ref, frozen or not. */
  readLeft(tenantId: string, madeFor: MadeFor): Promise<ReadonlyMap<string, number>> {
    return readLeft(this.#deps, tenantId, madeFor);
  }

  /** Movements, newest first, a page at a time. 400 for a cursor that is none of ours. */
  readHistory(tenantId: string, cursor?: string): Promise<CreditHistoryView> {
    return readHistory(this.#deps, tenantId, cursor);
  }

  /** All movements as CSV, oldest first. */
  historyCsv(tenantId: string): Promise<Readable> {
    return openHistoryCsv(this.#deps, tenantId);
  }

  /** What may be used without a grant and be billed afterwards. */
  readLimits(tenantId: string): Promise<OverageLimits> {
    return readLimits(this.#deps, tenantId);
  }

  /** What becomes of that with a plan that sells a credit at `offered`, or none. */
  async overageWith(tenantId: string, offered: OveragePrice | null): Promise<OverageOfChange> {
    return overageOfChange(await readOverageNow(this.#deps, tenantId), offered);
  }

  /** Changes that, from the next call on; see `setLimits`. */
  setLimits(
    by: Parameters<typeof setLimits>[1],
    wish: LimitsInput,
    guard?: CapGuard,
  ): Promise<OverageLimits> {
    return setLimits(this.#deps, by, wish, guard);
  }

  /** What overage takes of months that may be limited, as it is in the caller's transaction. */
  readOverageTaken(of: OverageTakenOf, within?: Tx): Promise<OverageTakenNow> {
    return readOverageTaken(this.#deps, of, within);
  }

  /** Lowers the cap in force to what a spending rule leaves; see `boundOverage`. */
  boundOverage(request: BoundRequest, within: Tx): Promise<void> {
    return boundOverage(this.#deps, request, within);
  }

  /** What `setExposure` would change; see `foreseeExposure`. */
  foreseeExposure(tenantId: string, exposureMinor: number | null): Promise<OverageView> {
    return foreseeExposure(this.#deps, tenantId, exposureMinor);
  }

  /** How much of it may be unpaid, as an operator decides; see `setExposure`. */
  setExposure(request: ExposureRequest): Promise<OverageView> {
    return setExposure(this.#deps, request);
  }

  async #look<T>(tenantId: string, work: (at: CreditPlace) => Promise<T>): Promise<T> {
    const { db, buckets } = this.#deps;
    await assertTenant(db, tenantId);
    return orDatabaseUnavailable(
      db.transaction(async (tx) => work(await placeCredits(tx, buckets, tenantId))),
    );
  }

  async #change<T>(
    tenantId: string,
    within: Tx | undefined,
    work: (at: CreditPlace) => Promise<T>,
  ): Promise<T> {
    const { db, buckets, live } = this.#deps;
    await assertTenant(within ?? db, tenantId);
    const placed = async (tx: Tx) => work(await placeCredits(tx, buckets, tenantId));
    if (within) return placed(within);
    const result = await orDatabaseUnavailable(repeated(() => db.transaction(placed)));
    live.changed(tenantId);
    return result;
  }

  async #resolve(
    at: CreditPlace,
    request: RevokeRequest | FreezeRequest | UnfreezeRequest,
    verb: CreditVerb,
  ) {
    const { tenantId, ref, actor, reason } = request;
    const now = this.#deps.clock.now();
    const found = await findGrant(at, tenantId, request);
    if (found) {
      const changed = await findChanged(at, tenantId, verb, ref);
      if (changed !== undefined && changed !== found.id) throw usedForAnother(ref, changed);
      return { tenantId, grantId: found.id, ref, actor, reason, now };
    }
    const name = 'grantId' in request ? request.grantId : request.originRef;
    throw new BillingError('not_found', `The tenant has no grant of credits "${name}".`);
  }
}

/** A repeat is answered as the first time, so of another grant it would say what did not happen. */
function usedForAnother(ref: string, grantId: string): BillingError {
  return new BillingError(
    'invalid_request',
    `The ref "${ref}" was used for the grant ${grantId}; give this one a ref of its own.`,
    refusing('ref_used'),
  );
}

async function assertTenant(db: DbOrTx, tenantId: string): Promise<void> {
  if (await findTenant(db, tenantId)) return;
  throw new BillingError('tenant_not_found', `There is no tenant "${tenantId}".`);
}
