import type { Context, Next } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../app-env.ts';
import { errorHandler } from './error-handler.ts';

/** Runs what is left of a request, and does something around it. */
export type Around = (rest: Next) => Promise<void>;

/**
 * Looks at a request or prepares its answer, at once; refuses by throwing. Those that need something
 * around the rest of the way get it handed back.
 */
export type Step = (c: Context<AppEnv>) => Around | void;

/**
 * Steps as one middleware, the first one outermost: a middleware of its own costs each request as much
 * as what most of them do. A refusal is answered within what stands around the steps before it.
 */
export function inOneStep(...steps: readonly Step[]) {
  return createMiddleware<AppEnv>((c, next) => {
    let way: Around | undefined;
    let rest = next;
    try {
      for (const step of steps) {
        const around = step(c);
        if (around) way = way === undefined ? around : within(way, around);
      }
    } catch (refusal) {
      rest = async () => {
        c.res = await errorHandler(refusal as Error, c);
      };
    }
    return way === undefined ? rest() : way(rest);
  });
}

const within =
  (outer: Around, inner: Around): Around =>
  (rest) =>
    outer(() => inner(rest));
