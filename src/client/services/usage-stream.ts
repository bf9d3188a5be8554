import type { UsageStats } from '../../domain/api.ts';
import { readEvents } from './event-stream.ts';
import { authorizedFetch } from './http.ts';

const RETRY_MS = [1_000, 2_000, 5_000, 10_000, 30_000] as const;

/** Hands on every change of the usage until `signal` aborts; takes the line up again when it drops. */
export async function followUsage(
  onUsage: (usage: UsageStats) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      const response = await authorizedFetch('/api/subscription/usage/stream', {
        signal,
        headers: { Accept: 'text/event-stream' },
      });
      for await (const event of readEvents(response)) {
        attempt = 0;
        const usage = parseUsage(event.data);
        if (usage) onUsage(usage);
      }
    } catch {
      // A dropped line is not news to the reader: the figures on the page stay, with their time.
    }
    await pause(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]!, signal);
  }
}

/** A heartbeat, or an event of a later release, is passed over. */
function parseUsage(data: string): UsageStats | undefined {
  try {
    const value = JSON.parse(data) as UsageStats;
    return Array.isArray(value?.resources) ? value : undefined;
  } catch {
    return undefined;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
