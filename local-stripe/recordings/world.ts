import type { Catalogue } from './catalogue.ts';
import type { Ids } from './ids.ts';
import { looksLikeId, prefixOf } from './ids.ts';
import { isObject, objectsIn } from './recorded.ts';
import type { Json, JsonObject, RecordedCall } from './recorded.ts';

/** Sends a form to the local Stripe under test. */
export type Send = (
  method: string,
  path: string,
  form?: string,
  key?: string,
) => Promise<{ status: number; body: Json }>;

/** What was there before, or beside, what was recorded: made so that the recorded can follow. */
export class World {
  readonly #send: Send;
  readonly #ids: Ids;
  readonly #catalogue: Catalogue;

  constructor(send: Send, ids: Ids, catalogue: Catalogue) {
    this.#send = send;
    this.#ids = ids;
    this.#catalogue = catalogue;
  }

  /** Products, prices and coupons that the calls name and do not make. */
  async stock(calls: RecordedCall[]): Promise<void> {
    const made = new Set(calls.map(madeBy));
    const sent = calls.flatMap(({ path, query, body }) => [
      ...path.split('/'),
      ...new URLSearchParams(query).values(),
      ...new URLSearchParams(body).values(),
    ]);
    for (const id of new Set(sent)) {
      if (made.has(id)) continue;
      if (this.#catalogue.prices.has(id)) await this.#price(id);
      if (this.#catalogue.coupons.has(id)) await this.#coupon(id);
    }
    if (calls.some(({ path }) => path === '/v1/billing_portal/sessions')) await this.#portal();
  }

  /** Customers, cards, subscriptions, invoices and payments that a call names and none before it made. */
  async provide(call: RecordedCall, later: RecordedCall[]): Promise<void> {
    if (call.status >= 400) return;
    const sent = decodeURIComponent(`${call.path}?${call.query}&${call.body}`.replaceAll('+', ' '));
    const named = [...new Set(sent.match(/\b[a-z]{2,8}_[A-Za-z0-9]{8,}\b/g) ?? [])];
    const absent = (prefix: string) =>
      named.filter((id) => prefixOf(id) === prefix && looksLikeId(id) && !this.#ids.has(id));
    for (const id of absent('cus')) await this.#customer(id, describe(id, [call, ...later]));
    for (const id of absent('sub')) await this.#subscription(describe(id, [call, ...later]));
    for (const id of absent('in')) await this.#invoice(describe(id, [call, ...later]));
    const customer = named.find((id) => prefixOf(id) === 'cus');
    for (const id of absent('pm')) {
      const name = cardNamed(id, [call, ...later]);
      if (customer !== undefined) this.#ids.learn(id, await this.#card(customer, name));
    }
    for (const id of absent('pi')) await this.#payment(describe(id, [call, ...later]));
  }

  /** A portal as if it had been saved in the Dashboard. */
  async #portal(): Promise<void> {
    const made = await this.#make('/v1/billing_portal/configurations', {
      'features[invoice_history][enabled]': 'true',
    });
    await this.#send('POST', `/_control/portal_configurations/${made}/default`);
  }

  async #coupon(id: string): Promise<void> {
    const coupon = this.#catalogue.coupons.get(id)!;
    const given = ['amount_off', 'percent_off', 'duration_in_months'].flatMap((name) =>
      typeof coupon[name] === 'number' ? [[name, String(coupon[name])]] : [],
    );
    await this.#make('/v1/coupons', {
      ...texts(coupon, 'id', 'name', 'duration', 'currency'),
      ...Object.fromEntries(given),
    });
  }

  async #price(id: string): Promise<string> {
    const known = this.#ids.ours(id);
    if (known !== undefined) return known;
    const price = this.#catalogue.prices.get(id);
    if (price === undefined) return id;
    const recurring = isObject(price.recurring) ? price.recurring : null;
    const made = await this.#make('/v1/prices', {
      product: await this.#product(String(price.product)),
      currency: String(price.currency),
      unit_amount_decimal: String(price.unit_amount_decimal),
      ...texts(price, 'nickname', 'tax_behavior'),
      ...(recurring === null
        ? {}
        : {
            'recurring[interval]': String(recurring.interval),
            'recurring[interval_count]': String(recurring.interval_count),
          }),
    });
    this.#ids.learn(id, made);
    return made;
  }

  async #product(recorded: string): Promise<string> {
    const known = this.#ids.ours(recorded);
    if (known !== undefined) return known;
    const { name = 'A product', unitLabel = null } = this.#catalogue.products.get(recorded) ?? {};
    const made = await this.#make('/v1/products', {
      name,
      ...(unitLabel === null ? {} : { unit_label: unitLabel }),
    });
    this.#ids.learn(recorded, made);
    return made;
  }

  async #customer(id: string, object: JsonObject | null): Promise<string> {
    const made = await this.#make('/v1/customers', texts(object ?? {}, 'email', 'name'));
    this.#ids.learn(id, made);
    return made;
  }

  /** `name`: that of the test card, which is its brand or what it does. */
  async #card(customer: string, name: string): Promise<string> {
    const attach = `/v1/payment_methods/pm_card_${name}/attach`;
    return this.#make(attach, { customer: this.#ids.translate(customer) });
  }

  /** The customer of something that is there already, able to pay for it. */
  async #payer(object: JsonObject): Promise<string> {
    const recorded = String(object.customer);
    const { customer_email: email = null, customer_name: name = null } = object;
    const known = this.#ids.ours(recorded);
    if (known !== undefined) return known;
    const customer = await this.#customer(recorded, { email, name });
    const card = await this.#card(recorded, 'visa');
    await this.#send(
      'POST',
      `/v1/customers/${customer}`,
      `invoice_settings[default_payment_method]=${card}`,
    );
    return customer;
  }

  async #subscription(object: JsonObject | null): Promise<void> {
    if (object === null || !isObject(object.items) || !Array.isArray(object.items.data)) return;
    const form: Record<string, string> = { customer: await this.#payer(object) };
    for (const [i, item] of object.items.data.filter(isObject).entries()) {
      const price = isObject(item.price) ? String(item.price.id) : '';
      form[`items[${i}][price]`] = await this.#price(price);
      if (typeof item.quantity === 'number') form[`items[${i}][quantity]`] = String(item.quantity);
    }
    this.#ids.learn(String(object.id), await this.#make('/v1/subscriptions', form));
  }

  /** A one-off invoice with the same lines. */
  async #invoice(object: JsonObject | null): Promise<void> {
    if (object === null || !isObject(object.lines) || !Array.isArray(object.lines.data)) return;
    const customer = await this.#payer(object);
    for (const line of object.lines.data.filter(isObject)) {
      const { amount, currency } = line;
      const texted = texts(line, 'description');
      await this.#make('/v1/invoiceitems', {
        customer,
        amount: String(amount),
        currency: String(currency),
        ...texted,
      });
    }
    const made = await this.#make('/v1/invoices', {
      customer,
      pending_invoice_items_behavior: 'include',
    });
    this.#ids.learn(String(object.id), made);
  }

  /** The first payment of a subscription, with its customer's card; others are not told enough of. */
  async #payment(object: JsonObject | null): Promise<void> {
    if (object?.description !== 'Subscription creation') return;
    const price = [...this.#catalogue.prices.values()].find(
      ({ unit_amount: amount, currency, recurring }) =>
        amount === object.amount && currency === object.currency && isObject(recurring),
    );
    if (price === undefined) return;
    const customer = await this.#payer(object);
    const form = { customer, 'items[0][price]': await this.#price(String(price.id)) };
    const made = await this.#make('/v1/subscriptions', form);
    const { body } = await this.#send(
      'GET',
      `/v1/subscriptions/${made}`,
      'expand[]=latest_invoice.payments',
    );
    for (const { payment } of objectsIn(body)) {
      if (isObject(payment)) this.#ids.learn(String(object.id), String(payment.payment_intent));
    }
  }

  async #make(path: string, params: Record<string, string>): Promise<string> {
    const { status, body } = await this.#send('POST', path, new URLSearchParams(params).toString());
    if (status === 200 && isObject(body)) return String(body.id);
    const answer = JSON.stringify(body).slice(0, 300);
    throw new Error(`What a recording needs cannot be made: POST ${path} answered ${answer}`);
  }
}

function madeBy({ method, path, resp }: RecordedCall): Json {
  const makes = method === 'POST' && /^\/v1\/(coupons|prices|plans|products)$/.test(path);
  return makes && isObject(resp) ? (resp.id ?? null) : null;
}

/** The test card that behaves as the recorded one did: its owner is asked, or it is of its brand. */
function cardNamed(id: string, calls: RecordedCall[]): string {
  for (const { resp } of calls) {
    for (const { payment_method: method, status } of objectsIn(resp)) {
      if (method === id && status === 'requires_action') return 'authenticationRequired';
    }
  }
  const card = describe(id, calls)?.card;
  return isObject(card) ? String(card.brand) : 'visa';
}

function describe(id: string, calls: RecordedCall[]): JsonObject | null {
  for (const { resp } of calls) {
    for (const object of objectsIn(resp)) if (object.id === id && 'object' in object) return object;
  }
  return null;
}

function texts(object: JsonObject, ...keys: string[]): Record<string, string> {
  const found = keys.filter((key) => typeof object[key] === 'string');
  return Object.fromEntries(found.map((key) => [key, object[key] as string]));
}
