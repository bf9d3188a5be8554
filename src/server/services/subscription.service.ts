import type {
  ChangePreview,
  CheckoutView,
  SubscriptionChanged,
  SubscriptionOverview,
  SubscriptionView,
  UpgradeResult,
} from '../../domain/api.ts';
import type { Actor } from '../../domain/ids.ts';
import { BillingError } from '../../domain/errors.ts';
import {
  findTenantById,
  findUserLocale,
} from '../../db/repositories/billing/tenant-billing.repository.ts';
import { syncContacts } from './billing/subscription/customer-contacts.ts';
import { actorOf, type Requester } from './billing/requester.ts';
import {
  getTenant,
  translateRefusals,
  type BillingDeps,
} from './billing/subscription/change-billing.ts';
import { cancel, resume } from './billing/subscription/cancel.ts';
import { checkoutState } from './billing/subscription/checkout-state.ts';
import { changePlan } from './billing/subscription/change-plan.ts';
import { deleteTenant } from './billing/subscription/delete-tenant.ts';
import { expireGrace } from './billing/sync/entitlement.ts';
import {
  extendGrace,
  judgeGrace,
  type GraceFound,
  type GraceInput,
} from './billing/subscription/extend-grace.ts';
import { SubscriptionReader } from './billing/subscription/overview.ts';
import { previewChange } from './billing/subscription/preview.ts';
import type { StatementService } from './billing/statement.service.ts';
import { settleCustomer, settleIntents } from './billing/intents/settle.ts';
import { subscribe } from './billing/subscription/subscribe.ts';
import { syncCustomer, type SyncOutcome } from './billing/sync/sync-customer.ts';
import type { SyncOptions } from './billing/sync/sync-deps.ts';

/** What can happen to a tenant's subscription. Who asks was authorised before; ids are its own. */
export class SubscriptionService {
  readonly #billing: BillingDeps;
  readonly #reader: SubscriptionReader;
  readonly #statements: Pick<StatementService, 'closeFinal'>;

  constructor(billing: BillingDeps, statements: Pick<StatementService, 'closeFinal'>) {
    this.#billing = billing;
    this.#statements = statements;
    this.#reader = new SubscriptionReader(billing);
  }

  /** Opens a Checkout for a price; answers its address. */
  createSubscription(requester: Requester, priceId: string): Promise<string> {
    return subscribe(this.#billing, requester, priceId);
  }

  /** What is known of a Checkout of the tenant's; 404 for any other. */
  getCheckout(requester: Requester, sessionId: string): Promise<CheckoutView> {
    return checkoutState(this.#billing, requester, sessionId);
  }

  /** Everything the subscription page shows. Never fails because Stripe is away. */
  getSubscription(requester: Requester): Promise<SubscriptionOverview> {
    return this.#reader.overview(requester);
  }

  async cancelSubscription(
    requester: Requester,
    options: { immediately: boolean; reason?: string | undefined },
  ): Promise<SubscriptionChanged> {
    const ended = await cancel(this.#billing, requester, options);
    return { ...(await this.#changed(requester)), ended };
  }

  /** Takes a planned cancellation, or a planned change, back. */
  async resumeSubscription(requester: Requester): Promise<SubscriptionChanged> {
    await resume(this.#billing, requester);
    return this.#changed(requester);
  }

  previewChange(requester: Requester, priceId: string): Promise<ChangePreview> {
    return previewChange(this.#billing, requester, priceId);
  }

  /** Changes plan or interval, up or down. */
  upgradeSubscription(
    requester: Requester,
    priceId: string,
    prorationDate?: number,
  ): Promise<UpgradeResult> {
    return changePlan(this.#billing, requester, priceId, prorationDate);
  }

  /** Answers the address of a customer portal session; 409 `no_subscription` for who never paid. */
  async createPortal(requester: Requester): Promise<string> {
    const { db, stripe, appUrl } = this.#billing;
    const customerId = await this.getCustomerId(requester);
    const locale = (await findUserLocale(db, requester.userId)) ?? 'zh-CN';
    const returnUrl = `${appUrl}/subscription`;
    return translateRefusals(this.#billing, requester, () =>
      stripe.createPortalSession({ customerId, locale, returnUrl }),
    );
  }

  /** The tenant's customer at Stripe; 409 `no_subscription` for who never went to pay. */
  async getCustomerId(requester: Requester): Promise<string> {
    const { stripeCustomerId } = await getTenant(this.#billing.db, requester.tenantId);
    if (stripeCustomerId) return stripeCustomerId;
    throw new BillingError(
      'no_subscription',
      'There is nothing to manage yet; choose a plan first.',
    );
  }

  /** Looks at Stripe now, invoices included; 503 when that is not possible. */
  async syncTenant(requester: Requester): Promise<SubscriptionView> {
    const { stripeCustomerId } = await getTenant(this.#billing.db, requester.tenantId);
    if (stripeCustomerId) {
      await settleCustomer(this.#billing, stripeCustomerId);
      await this.syncCustomer(stripeCustomerId, { actor: actorOf(requester), invoices: 'newest' });
    }
    return this.#reader.view(requester);
  }

  /** Brings the customer of a subscription to what Stripe says now. */
  async syncSubscriptionStatus(
    stripeSubscriptionId: string,
    actor: Actor = { kind: 'system', task: 'sync' },
  ): Promise<SyncOutcome> {
    const { customerId } = await this.#billing.stripe.getSubscription(stripeSubscriptionId);
    return this.syncCustomer(customerId, { actor });
  }

  syncCustomer(customerId: string, options: SyncOptions): Promise<SyncOutcome> {
    return syncCustomer(this.#billing, customerId, options);
  }

  /** Finishes, or takes back, what was cut half-way; answers of how many tenants. */
  settleIntents(signal?: AbortSignal): Promise<number> {
    return settleIntents(this.#billing, signal);
  }

  /** Ends plans whose days of grace are over; answers how many. */
  expireGrace(): Promise<number> {
    return expireGrace(this.#billing);
  }

  /** Whose grace would be extended; see `judgeGrace`. */
  judgeGrace(wish: GraceInput): Promise<GraceFound> {
    return judgeGrace(this.#billing, wish);
  }

  /** Moves the end of a past-due tenant's grace; see `extendGrace`. */
  extendGrace(wish: Parameters<typeof extendGrace>[1]): Promise<GraceFound> {
    return extendGrace(this.#billing, wish);
  }

  /** Gives Stripe the e-mail addresses that owners have changed to. */
  syncContacts(): Promise<void> {
    return syncContacts(this.#billing);
  }

  /** Deletes the tenant, at Stripe first, and billed to its end. `confirm` must be its name. */
  async deleteTenant(requester: Requester, confirm: string): Promise<void> {
    if (requester.role !== 'owner') {
      throw new BillingError('forbidden', 'Only an owner can delete the team.');
    }
    const tenant = await findTenantById(this.#billing.db, requester.tenantId);
    if (tenant?.name !== confirm) {
      throw new BillingError(
        'invalid_request',
        'To delete the team, `confirm` must be its exact name.',
      );
    }
    await this.#statements.closeFinal(requester.tenantId);
    await deleteTenant(this.#billing, requester);
  }

  async #changed(requester: Requester): Promise<SubscriptionChanged> {
    return { success: true, subscription: await this.#reader.view(requester) };
  }
}
