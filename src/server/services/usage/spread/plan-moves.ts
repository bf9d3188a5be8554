/** How many tenants go from one bucket to another. */
export interface Moves {
  from: number;
  to: number;
  tenants: number;
}

/**
 * The fewest moves after which no bucket has two tenants more than another. Those that have the most
 * already keep one more where it does not come out even.
 */
export function planMoves(counts: readonly { bucket: number; tenants: number }[]): Moves[] {
  const total = counts.reduce((sum, { tenants }) => sum + tenants, 0);
  const share = Math.floor(total / counts.length);
  const oneMore = total % counts.length;
  const differences = counts
    .toSorted((a, b) => b.tenants - a.tenants || a.bucket - b.bucket)
    .map(({ bucket, tenants }, place) => ({
      bucket,
      over: tenants - share - (place < oneMore ? 1 : 0),
    }));
  const missing = differences.filter(({ over }) => over < 0);
  const moves: Moves[] = [];
  for (const full of differences.filter(({ over }) => over > 0)) {
    for (const free of missing) {
      const tenants = Math.min(full.over, -free.over);
      if (tenants === 0) continue;
      moves.push({ from: full.bucket, to: free.bucket, tenants });
      full.over -= tenants;
      free.over += tenants;
    }
  }
  return moves;
}
