import { expect } from 'vitest';
import type { CreditsView } from '../../src/domain/billing/credits.ts';
import type { TestApp } from '../support/app.ts';
import { GOOD_CARD, signUp, type Customer } from '../support/customer.ts';
import { MICRO, sessionOf } from '../support/packs.ts';

/**
 * Somebody who buys while things break: packs, and a subscription that is begun and ended in turn. What
 * Stripe said is paid is kept, to be compared with what was given for it.
 */
export class Shopper {
  readonly #customer: Customer;
  readonly #priceId: string;
  readonly #paid: string[] = [];

  private constructor(customer: Customer, priceId: string) {
    this.#customer = customer;
    this.#priceId = priceId;
  }

  static async arrive(app: TestApp): Promise<Shopper> {
    const customer = await signUp(app);
    return new Shopper(customer, await customer.priceOf('pro', 'month'));
  }

  /** So many packs, and as many beginnings of a subscription, are paid. */
  get paid(): number {
    return this.#paid.length;
  }

  /** Each answers a status, and is done one after the other. */
  acts(): (() => Promise<number>)[] {
    const { api } = this.#customer;
    return [
      () => this.#buy('/api/credits/checkout', { packId: 'small' }),
      async () => {
        const status = await this.#buy('/api/subscription/checkout', { priceId: this.#priceId });
        if (status !== 409) return status;
        return (await api.post('/api/subscription/cancel', { immediately: true })).status;
      },
    ];
  }

  async #buy(path: string, wish: object): Promise<number> {
    const { api, stripe } = this.#customer;
    const { status, body } = await api.post<{ checkoutUrl: string }>(path, wish);
    if (status !== 200) return status;
    const session = sessionOf(body.checkoutUrl);
    const order = `/_control/checkout_sessions/${session}/complete`;
    const paid = await stripe.post<{ paymentStatus: string }>(order, { card: GOOD_CARD });
    if (paid.status === 200 && paid.body.paymentStatus === 'paid') this.#paid.push(session);
    return status;
  }

  /** Every paid pack was granted, once; the plan and its payments are those that Stripe has. */
  async assertServed(): Promise<void> {
    const { api, app, tenantId } = this.#customer;
    const sessions = await Promise.all(
      this.#paid.map((id) => this.#customer.atStripe<{ mode: string }>(`checkout/sessions/${id}`)),
    );
    const packs = this.#paid.filter((_, n) => sessions[n]!.mode === 'payment').toSorted();
    const { rows } = await app.database.pool.query<{ id: string; credits: number }>(
      `select stripe_session_id as id, credits + bonus as credits from credit_purchases
       where tenant_id = $1 and state = 'granted' order by stripe_session_id collate "C"`,
      [tenantId],
    );
    expect(rows.map(({ id }) => id)).toEqual(packs);
    const { body } = await api.get<CreditsView>('/api/credits');
    expect(body.balance / MICRO).toBe(rows.reduce((sum, { credits }) => sum + credits, 0));

    const live = (await this.#customer.subscriptionsAtStripe()).filter(
      ({ status }) => status === 'active',
    );
    expect(live.length).toBeLessThan(2);
    expect((await this.#customer.subscription()).plan).toBe(live.length === 1 ? 'pro' : 'free');
    const { data } = await this.#customer.atStripe<{
      data: { id: string; parent: object | null }[];
    }>(`invoices?customer=${await this.#customer.customerId()}&status=paid&limit=100`);
    const payments = await app.database.pool.query<{ id: string }>(
      `select stripe_invoice_id as id from payments where tenant_id = $1 and status = 'paid'`,
      [tenantId],
    );
    expect(payments.rows.map(({ id }) => id)).toEqual(
      expect.arrayContaining(data.filter(({ parent }) => parent !== null).map(({ id }) => id)),
    );
  }
}
