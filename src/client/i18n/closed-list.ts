/** What `say` has for a value of a closed list; what is not in it stands as it is. */
export function wordOf<T extends string>(
  value: unknown,
  known: readonly T[],
  say: (one: T) => string,
): string {
  const one = known.find((candidate) => candidate === value);
  return one === undefined ? String(value) : say(one);
}
