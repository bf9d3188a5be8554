import type { Context, Next } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../app-env.ts';

/** Runs what is left of a request, and does something around it. */
export type Around = (rest: Next) => Promise<void>;

/**
 * Looks at a request or prepares its answer, at once; refuses by throwing. The few requests that need
 * something around the rest of the way get it handed back.
 */
export type Step = (c: Context<AppEnv>) => Around | void;

/**
 * Steps as one middleware, the first one outermost: a middleware of its own costs each request as much
 * as what most of them do. What refuses is not seen by what stands around the steps after it.
 */
export function inOneStep(...steps: readonly Step[]) {
  return createMiddleware<AppEnv>((c, next) => {
    let arounds: Around[] | undefined;
    for (const step of steps) {
      const around = step(c);
      if (around) (arounds ??= []).push(around);
    }
    if (arounds === undefined) return next();
    return arounds.reduceRight<Next>((rest, around) => () => around(rest), next)();
  });
}
