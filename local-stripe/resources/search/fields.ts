/** How a field is compared: words, words of which a part is enough, or numbers. */
export type FieldType = 'token' | 'string' | 'numeric';

/** The objects that can be searched, and by which of their fields. Metadata goes for all. */
export const searchFields: Record<string, Record<string, FieldType>> = {
  charge: {
    amount: 'numeric',
    created: 'numeric',
    currency: 'token',
    customer: 'token',
    disputed: 'token',
    'payment_method_details.card.brand': 'token',
    'payment_method_details.card.exp_month': 'token',
    'payment_method_details.card.exp_year': 'token',
    'payment_method_details.card.fingerprint': 'token',
    'payment_method_details.card.last4': 'token',
    refunded: 'token',
    status: 'token',
  },
  customer: { created: 'numeric', email: 'string', name: 'string', phone: 'string' },
  invoice: {
    created: 'numeric',
    currency: 'token',
    customer: 'token',
    number: 'token',
    receipt_number: 'token',
    status: 'token',
    subscription: 'token',
    total: 'numeric',
  },
  payment_intent: {
    amount: 'numeric',
    created: 'numeric',
    currency: 'token',
    customer: 'token',
    status: 'token',
  },
  price: {
    active: 'token',
    currency: 'token',
    lookup_key: 'string',
    product: 'token',
    type: 'token',
  },
  product: {
    active: 'token',
    description: 'string',
    name: 'string',
    shippable: 'token',
    url: 'string',
  },
  subscription: { canceled_at: 'numeric', created: 'numeric', status: 'token' },
};

/** The value of a field, by the path it has in this API version. */
export function fieldValue(object: object, field: string): unknown {
  const path =
    field === 'subscription'
      ? ['parent', 'subscription_details', 'subscription']
      : field.split('.');
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null
        ? (value as Record<string, unknown>)[step]
        : undefined,
    object,
  );
}
