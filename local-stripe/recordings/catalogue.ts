import { isObject, objectsIn } from './recorded.ts';
import type { JsonObject, RecordedCall } from './recorded.ts';

/** What the recorded account sold before any sequence began, as far as its answers tell. */
export interface Catalogue {
  prices: Map<string, JsonObject>;
  products: Map<string, { name: string; unitLabel: string | null }>;
  coupons: Map<string, JsonObject>;
}

/** Reads it out of all answers: prices as they stand there, the rest from what was billed. */
export function readCatalogue(calls: RecordedCall[]): Catalogue {
  const catalogue: Catalogue = { prices: new Map(), products: new Map(), coupons: new Map() };
  for (const { resp } of calls) {
    for (const object of objectsIn(resp)) readObject(catalogue, object);
  }
  for (const call of calls) readSold(catalogue, call);
  return catalogue;
}

function readObject(catalogue: Catalogue, object: JsonObject): void {
  const { prices, products, coupons } = catalogue;
  const id = String(object.id);
  if (object.object === 'coupon') coupons.set(id, object);
  if (object.object === 'price' && prices.get(id)?.billing_scheme === undefined) {
    prices.set(id, object);
  }
  if (object.object === 'line_item') readLine(catalogue, object);
  if (object.object === 'product') {
    const { name, unit_label: unit } = object;
    const unitLabel = typeof unit === 'string' ? unit : null;
    products.set(id, { name: String(name), unitLabel });
  }
}

/** A line names its product, and one of an invoice item is of a one-time price. */
function readLine({ prices, products }: Catalogue, line: JsonObject): void {
  const { pricing, description, currency } = line;
  if (!isObject(pricing) || !isObject(pricing.price_details)) return;
  const { price, product } = pricing.price_details;
  if (typeof price !== 'string' || typeof product !== 'string') return;
  const named = readName(String(description));
  if (named !== null && !products.has(product)) products.set(product, named);
  const amount = pricing.unit_amount_decimal;
  const parent = isObject(line.parent) ? line.parent : {};
  const isOneTime = parent.type === 'invoice_item_details' && typeof amount === 'string';
  if (isOneTime && !prices.has(price)) {
    prices.set(price, { id: price, product, currency: currency!, unit_amount_decimal: amount });
  }
}

/** A session for one piece of something tells what it costs. */
function readSold({ prices }: Catalogue, { path, body, resp }: RecordedCall): void {
  if (path !== '/v1/checkout/sessions' || !isObject(resp) || resp.mode !== 'payment') return;
  const sent = new URLSearchParams(body);
  const id = sent.get('line_items[0][price]');
  const isOnly = !sent.has('line_items[1][price]') && sent.get('line_items[0][quantity]') === '1';
  if (id === null || !isOnly || prices.has(id) || typeof resp.amount_subtotal !== 'number') return;
  const unit_amount_decimal = String(resp.amount_subtotal);
  prices.set(id, { id, product: `prod_of_${id}`, currency: resp.currency!, unit_amount_decimal });
}

/** `1 user × Test Subscription (at $10.00 / month)` → name and unit label. */
function readName(description: string): { name: string; unitLabel: string | null } | null {
  const counted = /^(?:Free trial for )?\d+ (?:(.+) )?× (.+?)(?: \(at .*\))?$/.exec(description);
  if (counted !== null) return { name: counted[2]!, unitLabel: counted[1] ?? null };
  if (/^(Unused|Remaining) time/.test(description)) return null;
  return { name: description, unitLabel: null };
}
