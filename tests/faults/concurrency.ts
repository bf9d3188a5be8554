/** Works on all, `limit` at once; answers in their order. The first error ends it. */
export async function eachOf<T, R>(
  limit: number,
  all: readonly T[],
  work: (one: T, at: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async () => {
    while (next < all.length) {
      const at = next;
      next += 1;
      results[at] = await work(all[at]!, at);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, all.length) }, lane));
  return results;
}

/** In groups of `size`, the last one smaller. */
export function groupsOf<T>(size: number, all: readonly T[]): T[][] {
  const groups: T[][] = [];
  for (let at = 0; at < all.length; at += size) groups.push(all.slice(at, at + size));
  return groups;
}
