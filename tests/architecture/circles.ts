/**
 * The files that import each other in a circle, and those that lie between two circles; none where
 * every import leads down. Whoever imports nothing that is left is taken away, and whoever nobody
 * that is left imports: only circles stay.
 */
export function circles(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const left = new Map(imports);
  for (let before = -1; before !== left.size;) {
    before = left.size;
    const imported = new Set([...left.values()].flat());
    for (const [file, others] of left) {
      if (!imported.has(file) || !others.some((other) => left.has(other))) left.delete(file);
    }
  }
  return [...left.keys()].sort();
}
