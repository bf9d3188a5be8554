import type { Stripe } from 'stripe';

/** A Stripe account that is made wrong for a while; `mended` gets what puts each thing right again. */
export class PlantedAccount {
  readonly #client: Stripe;
  readonly #portalConfiguration: string;
  readonly #mended: (() => unknown)[];

  constructor(client: Stripe, portalConfiguration: string, mended: (() => unknown)[]) {
    this.#client = client;
    this.#portalConfiguration = portalConfiguration;
    this.#mended = mended;
  }

  async changePortal(features: object): Promise<void> {
    const { configurations } = this.#client.billingPortal;
    const id = this.#portalConfiguration;
    const { features: before } = await configurations.retrieve(id);
    const { proration_behavior, schedule_at_period_end } = before.subscription_update;
    await configurations.update(id, { features } as never);
    const back = {
      subscription_update: {
        enabled: true,
        proration_behavior,
        schedule_at_period_end: { conditions: schedule_at_period_end?.conditions },
      },
      subscription_cancel: { enabled: true, mode: before.subscription_cancel.mode },
    };
    this.#mended.push(() => configurations.update(id, { features: back } as never));
  }

  async changeEndpoint(change: Stripe.WebhookEndpointUpdateParams): Promise<void> {
    const { data } = await this.#client.webhookEndpoints.list();
    const { id, url, enabled_events } = data[0]!;
    await this.#client.webhookEndpoints.update(id, change);
    const back = { url, enabled_events, disabled: false };
    this.#mended.push(() => this.#client.webhookEndpoints.update(id, back as never));
  }

  /** A price of Pro by the month, but for `values`. */
  async anotherPrice(values: Partial<Stripe.PriceCreateParams>): Promise<string> {
    const { id } = await this.#client.prices.create({
      product: 'squaretable_pro',
      currency: 'cny',
      unit_amount: 2_900,
      recurring: { interval: 'month' },
      ...values,
    });
    return id;
  }
}
