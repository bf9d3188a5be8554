import type { HttpBindings } from '@hono/node-server';
import { ShuttingDown, type Drain } from '../drain.ts';
import type { Step } from './in-one-step.ts';

/**
 * Refuses what comes on a kept connection when the process no longer takes new ones: 503 `busy`,
 * before anything is counted.
 */
export function refuseWhenClosed(drain: Drain): Step {
  return (c) => {
    const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
    if (drain.refuses(incoming)) throw new ShuttingDown();
  };
}
