/** What the lines of an invoice say, in English. */
export const enLines = {
  unused: (name: string, date: string) => `Unused time on ${name} after ${date}`,
  remaining: (name: string, date: string) => `Remaining time on ${name} after ${date}`,
  trial: (name: string) => `Trial period for ${name}`,
  rate: (what: string, rate: string, tier: number | null) =>
    tier === null ? `${what} (${rate})` : `${what} (Tier ${tier}, ${rate})`,
};
