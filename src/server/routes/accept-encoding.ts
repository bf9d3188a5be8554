const COMPRESSIONS = ['br', 'gzip'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/**
 * Which of the build's compressions an `Accept-Encoding` likes best; brotli where it is all the same, and
 * `undefined` where it wants none. Source: RFC 9110, 12.5.3.
 */
export function compressionFor(header: string): Compression | undefined {
  const weights = readWeights(header);
  const anyOther = weights.get('*') ?? 0;
  const weightOf = (name: Compression) => weights.get(name) ?? anyOther;
  const best = COMPRESSIONS.reduce((a, b) => (weightOf(b) > weightOf(a) ? b : a));
  // What is not named may be sent as it is, but what is may be smaller.
  const asItIs = weights.get('identity') ?? 0;
  return weightOf(best) > 0 && weightOf(best) >= asItIs ? best : undefined;
}

function readWeights(header: string): Map<string, number> {
  return new Map(
    header.split(',').map((part) => {
      // Blanks belong beside a semicolon alone; where they stand elsewhere, what was refused is refused all the same.
      const [name = '', ...parameters] = part.replaceAll(/\s/g, '').toLowerCase().split(';');
      const weight = parameters.find((parameter) => parameter.startsWith('q='));
      return [name, weight === undefined ? 1 : Number(weight.slice(2)) || 0];
    }),
  );
}
