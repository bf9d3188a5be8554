/** A value as an error quotes it. */
export function shorten(value: string): string {
  return value.length > 80 ? `${value.slice(0, 40)}...${value.slice(-20)}` : value;
}
