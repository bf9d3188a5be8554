/**
 * Of what a server wrote in its log the line that says why it ended. A server that is still coming up
 * refuses whoever asks it, each time as FATAL: that is no reason.
 */
export function lastWords(log: string): string {
  const lines = log.trim().split('\n');
  const reasons = lines.filter((line) => !/FATAL: +the database system is /.test(line));
  return (
    reasons.find((line) => line.includes('PANIC')) ??
    reasons.find((line) => line.includes('FATAL')) ??
    lines.at(-1)!
  );
}
