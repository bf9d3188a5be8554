import { insertAuditEntry } from '../../../db/repositories/operations/audit-log.repository.ts';
import type { BillingDetailsView } from '../../../domain/billing/billing-details.ts';
import {
  changeBilling,
  getTenant,
  translateRefusals,
  type BillingDeps,
} from './subscription/change-billing.ts';
import { ensureCustomer } from './subscription/ensure-customer.ts';
import { actorOf, type Requester } from './requester.ts';

const NOTHING: BillingDetailsView = { name: null, address: null, taxIds: [] };

/** Company, address and tax ids, as invoices name them. They are kept at Stripe and asked for there. */
export class BillingDetailsService {
  readonly #billing: BillingDeps;

  constructor(billing: BillingDeps) {
    this.#billing = billing;
  }

  /** 503 when Stripe is away, 409 `no_subscription` where the customer was deleted there. */
  async read(requester: Requester): Promise<BillingDetailsView> {
    const { stripeCustomerId } = await getTenant(this.#billing.db, requester.tenantId);
    if (!stripeCustomerId) return NOTHING;
    return translateRefusals(this.#billing, requester, () =>
      this.#billing.stripe.billingDetails.read(stripeCustomerId),
    );
  }

  /**
   * Puts these in the place of the ones before, for invoices from now on; those that are out stay as
   * they are. 400 `tax_id_invalid`, 503 when Stripe is away. The audit log says that it was done and
   * not to what: a person's address is for the invoices alone.
   */
  async change(requester: Requester, wanted: BillingDetailsView): Promise<BillingDetailsView> {
    const { stripe, clock } = this.#billing;
    return changeBilling(this.#billing, requester, async (tx, tenant) => {
      const customerId = await ensureCustomer(this.#billing, tx, tenant);
      await stripe.billingDetails.write(customerId, wanted);
      await insertAuditEntry(tx, {
        actor: actorOf(requester),
        ...{ tenantId: tenant.id, subjectId: tenant.id, now: clock.now() },
        action: 'tenant.billing_details_changed',
      });
      return stripe.billingDetails.read(customerId);
    });
  }
}
