import {
  findPurchase,
  listDueLooks,
  listPurchases,
  listToLookAt,
  updatePurchase,
} from '../../../db/repositories/billing/credit-purchase.repository.ts';
import { raiseAlert } from '../../../db/repositories/operations/alert.repository.ts';
import type { CreditPurchase } from '../../../db/schema/index.ts';
import type { PacksView, PurchaseRefunded, PurchaseView } from '../../../domain/api.ts';
import { BillingError } from '../../../domain/errors.ts';
import { isUuid } from '../../../domain/ids.ts';
import type { Jobs } from '../../jobs.ts';
import { beginPurchase, underWay, type BuyingDeps, type PackInput } from './purchases/begin.ts';
import { giveUpPurchase } from './purchases/give-up.ts';
import { refundPurchase } from './purchases/refund.ts';
import { PURCHASE_ALERT, syncPurchase } from './purchases/sync-purchase.ts';
import { viewPurchases } from './purchases/view.ts';
import { actorOf, type Requester } from './requester.ts';
import { nextLookRetry } from './reconcile/look-retry.ts';
import { PURCHASE_QUEUE } from './sync/queues.ts';

const LISTED_MAX = 100;
const SWEPT_MAX = 500;

/** What can happen to packs of credits. Who asks was authorised before; ids are its tenant's. */
export class PurchaseService {
  readonly #deps: BuyingDeps;

  constructor(deps: BuyingDeps) {
    this.#deps = deps;
  }

  /** Registers the worker; before the jobs start. */
  registerWorker(jobs: Pick<Jobs, 'work'>): void {
    const work = ({ purchaseId }: { purchaseId: string }) => this.#look(purchaseId);
    jobs.work(PURCHASE_QUEUE, work, { policy: 'short', retryLimit: 0 });
  }

  /** The packs that are sold, smallest first. */
  async listPacks(): Promise<PacksView> {
    const packs = await this.#deps.packs.listOffered();
    return {
      packs: packs.map(({ id, credits, bonus, validDays, amounts }) => ({
        ...{ id, credits, bonus, validDays },
        prices: [...amounts],
      })),
    };
  }

  /**
   * Opens a Checkout for a pack; answers its address. Where the order that was open is placed, a look says first
   * whether it is paid: its money may still be under way, or never come.
   */
  async begin(requester: Requester, wish: PackInput): Promise<string> {
    try {
      return await beginPurchase(this.#deps, requester, wish);
    } catch (error) {
      const placed = error instanceof BillingError && error.data['reason'] === 'paid';
      if (!placed) throw error;
      const purchaseId = String(error.data['purchaseId']);
      await this.#look(purchaseId);
      const row = await findPurchase(this.#deps.db, purchaseId);
      if (!row || row.paidAt !== null) throw error;
      if (row.state === 'open') throw underWay(row.packId);
      return beginPurchase(this.#deps, requester, wish);
    }
  }

  async list(requester: Requester): Promise<PurchaseView[]> {
    const rows = await listPurchases(this.#deps.db, requester.tenantId, LISTED_MAX);
    return viewPurchases(this.#deps, rows, requester);
  }

  /** Looks at Stripe now: what has become of a purchase; 404 for any that is not the tenant's. */
  async sync(requester: Requester, purchaseId: string): Promise<PurchaseView> {
    await this.#get(requester, purchaseId);
    return this.#view((await syncPurchase(this.#deps, purchaseId))!, requester);
  }

  /**
   * The same for every purchase of the tenant's that waits for something. One that fails for itself is put off
   * and keeps from no other.
   */
  async syncUnfinished({ tenantId }: Requester): Promise<void> {
    for (const id of await listToLookAt(this.#deps.db, tenantId)) {
      try {
        await syncPurchase(this.#deps, id);
      } catch (error) {
        if (error instanceof BillingError) throw error;
        await this.#putOff(id, error);
      }
    }
  }

  /** Ends an open purchase. */
  async giveUp(requester: Requester, purchaseId: string): Promise<PurchaseView> {
    await this.#get(requester, purchaseId);
    await giveUpPurchase(this.#deps, requester, purchaseId);
    return this.#view(await this.#get(requester, purchaseId), requester);
  }

  /** Gives back what is unused, within seven days of the payment. */
  refund(requester: Requester, purchaseId: string): Promise<PurchaseRefunded> {
    const { tenantId, requestId } = requester;
    return refundPurchase(this.#deps, {
      ...{ tenantId, purchaseId, actor: actorOf(requester), within: 'window' },
      ...(requestId === undefined ? {} : { requestId }),
    });
  }

  /** By an operator: at any time, what is unused or a sum. */
  refundByOperator(wish: {
    purchaseId: string;
    amountMinor?: number;
    reason: string;
    by: string;
  }): Promise<PurchaseRefunded> {
    const { by, ...rest } = wish;
    const actor = { kind: 'service', name: by } as const;
    return refundPurchase(this.#deps, { ...rest, actor, within: 'any_time' });
  }

  /** Looks at every purchase that is due; answers how many. One that fails comes again later. */
  async sweep(signal?: AbortSignal): Promise<number> {
    const { db, clock } = this.#deps;
    const due = await listDueLooks(db, clock.now(), SWEPT_MAX);
    for (const id of due) {
      if (signal?.aborted) break;
      await this.#look(id);
    }
    return due.length;
  }

  /** Never rejects: what fails is put off. */
  async #look(purchaseId: string): Promise<void> {
    try {
      await syncPurchase(this.#deps, purchaseId);
    } catch (error) {
      await this.#putOff(purchaseId, error);
    }
  }

  /** It is tried again, later each time, and after some tries an operator is told. */
  async #putOff(purchaseId: string, error: unknown): Promise<void> {
    const { db, clock, log } = this.#deps;
    log.warn({ err: error, purchaseId }, 'a purchase was put off');
    const row = await findPurchase(db, purchaseId);
    if (!row) return;
    const now = clock.now();
    const { later, needsPerson } = nextLookRetry(error, row, now);
    await updatePurchase(db, purchaseId, later);
    if (!needsPerson) return;
    await raiseAlert(db, {
      tenantId: row.tenantId,
      kind: PURCHASE_ALERT,
      subjectId: purchaseId,
      message: `A purchase of credits could not be brought up to date ${later.lookAttempts} times (${later.lastError}).`,
      details: { state: row.state, attempts: later.lookAttempts, error: later.lastError },
      now,
    });
  }

  async #get({ tenantId }: Requester, purchaseId: string): Promise<CreditPurchase> {
    const row = isUuid(purchaseId) ? await findPurchase(this.#deps.db, purchaseId) : undefined;
    if (row?.tenantId === tenantId) return row;
    throw new BillingError('not_found', 'This team has made no such purchase.');
  }

  async #view(row: CreditPurchase, requester: Requester): Promise<PurchaseView> {
    const [view] = await viewPurchases(this.#deps, [row], requester);
    return view!;
  }
}
