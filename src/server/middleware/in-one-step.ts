import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../app-env.ts';

/** Looks at a request or prepares its answer, at once; refuses by throwing. */
export type Step = (c: Context<AppEnv>) => void;

/**
 * Steps that wait for nothing, as one middleware: one of its own costs each request as much as what
 * most of them do.
 */
export function inOneStep(...steps: readonly Step[]) {
  return createMiddleware<AppEnv>((c, next) => {
    for (const step of steps) step(c);
    return next();
  });
}
