/** Where a value stands: the endpoint it was sent to, and the keys that lead to it. */
export interface Place {
  endpoint: string;
  path: readonly string[];
}

export function within(place: Place, key: string): Place {
  return { endpoint: place.endpoint, path: [...place.path, key] };
}

/** Stripe's notation: `items[0][price]`. */
export function paramName(place: Place): string {
  const [first = '', ...rest] = place.path;
  return first + rest.map((key) => `[${key}]`).join('');
}

/** The name of the parameter itself: of `items[0][price]` it is `price`, of `expand[0]` `expand`. */
export function fieldName(place: Place): string {
  return place.path.findLast((key) => !/^\d+$/.test(key)) ?? '';
}
