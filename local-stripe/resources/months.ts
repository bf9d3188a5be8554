/** The same day and time `months` later; the last day of a month that has no such day. UTC. */
export function addMonths(unixSeconds: number, months: number): number {
  const from = new Date(unixSeconds * 1000);
  const lastDay = Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months + 1, 0);
  const day = Math.min(from.getUTCDate(), new Date(lastDay).getUTCDate());
  const moved = Date.UTC(
    from.getUTCFullYear(),
    from.getUTCMonth() + months,
    day,
    from.getUTCHours(),
    from.getUTCMinutes(),
    from.getUTCSeconds(),
  );
  return moved / 1000;
}
