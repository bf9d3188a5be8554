import type { Random } from './random.ts';

const keptMax = 40;
const cards = [
  'pm_card_visa',
  'pm_card_mastercard',
  'pm_card_visa_chargeDeclined',
  'pm_card_chargeCustomerFail',
  'pm_card_authenticationRequired',
  'pm_card_createDispute',
];

/** What a parameter of this name refers to. */
const kindOfParam: Record<string, string> = {
  charge: 'charge',
  configuration: 'billing_portal.configuration',
  coupon: 'coupon',
  customer: 'customer',
  default_payment_method: 'payment_method',
  default_price: 'price',
  default_tax_rates: 'tax_rate',
  discount: 'discount',
  entitlement_feature: 'entitlements.feature',
  from_subscription: 'subscription',
  invoice: 'invoice',
  meter: 'billing.meter',
  payment_intent: 'payment_intent',
  payment_method: 'payment_method',
  price: 'price',
  product: 'product',
  promotion_code: 'promotion_code',
  subscription: 'subscription',
  subscription_item: 'subscription_item',
  tax_rate: 'tax_rate',
  tax_rates: 'tax_rate',
  test_clock: 'test_helpers.test_clock',
};

/** What answers have shown so far, by the kind of object, and by kind and status; the last of each. */
export class Pool {
  #ids = new Map<string, string[]>();
  /** Whom a thing belongs to that is reached through its owner. */
  #owners = new Map<string, string>();
  #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Remembers every object in an answer, however deep; forgets what was deleted. */
  learn(answer: unknown): void {
    if (typeof answer !== 'object' || answer === null) return;
    const {
      object,
      id,
      status,
      type,
      deleted,
      customer,
      event_name: eventName,
    } = answer as Record<string, unknown>;
    if (typeof object === 'string' && typeof id === 'string') {
      if (deleted === true) this.#forget(id);
      else this.#add(object, id);
      if (typeof status === 'string') this.#add(`${object}:${status}`, id);
      if (object === 'price') this.#add(`price:${String(type)}`, id);
      if (typeof customer === 'string') this.#owners.set(id, customer);
      if (object === 'billing.meter' && typeof eventName === 'string')
        this.#add('event_name', eventName);
    }
    for (const part of Object.values(answer)) this.learn(part);
  }

  /** The id of something of that kind, if there is any yet. */
  idOf(kind: string): string | undefined {
    const ids = this.#ids.get(kind);
    return ids && ids.length > 0 ? this.#random.pick(ids) : undefined;
  }

  ownerOf(id: string): string | undefined {
    return this.#owners.get(id);
  }

  /** That `id` is below `owner`, where the object itself does not say so. */
  own(id: string, owner: string): void {
    this.#owners.set(id, owner);
  }

  /** A value for a parameter that refers to an object, or undefined when it refers to none. */
  reference(param: string, within: string | undefined): string | undefined {
    const kind = param === 'id' && within === 'items' ? 'subscription_item' : kindOfParam[param];
    if (kind === undefined) return undefined;
    if (this.#random.chance(0.05)) return 'id_of_nothing';
    if (kind === 'payment_method' && this.#random.chance(0.7)) return this.#random.pick(cards);
    return this.idOf(kind);
  }

  #add(kind: string, id: string): void {
    const ids = this.#ids.get(kind) ?? [];
    this.#ids.set(kind, ids);
    if (ids.includes(id)) return;
    ids.push(id);
    if (ids.length > keptMax) ids.splice(this.#random.integer(0, keptMax - 1), 1);
  }

  #forget(id: string): void {
    for (const [kind, ids] of this.#ids) {
      this.#ids.set(
        kind,
        ids.filter((one) => one !== id),
      );
    }
  }
}
