import type { Context, Next } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../app-env.ts';
import { errorHandler } from './error-handler.ts';

/** Runs what is left of a request, and does something around it. */
export type AroundHandler = (rest: Next) => Promise<void>;

/**
 * Looks at a request or prepares its answer, at once; refuses by throwing. Those that need something
 * around the rest of the way get it handed back.
 */
export type Step = (c: Context<AppEnv>) => AroundHandler | void;

/**
 * Steps as one middleware, the first one outermost: a middleware of its own costs each request as much
 * as what most of them do. A refusal is answered within what stands around the steps before it.
 */
export const inOneStep = (...steps: readonly Step[]) =>
  createMiddleware<AppEnv>((c, next) => goThrough(steps, c, next));

/**
 * The steps and the route behind them as one handler, for what is called most often: Hono answers a route
 * with one handler without going through a list, which costs as much again as all of the steps.
 */
export function withSteps(
  steps: readonly Step[],
  route: (c: Context<AppEnv>) => Promise<Response>,
) {
  // No `async` functions within each other: each is a promise more, and another turn.
  return (c: Context<AppEnv>): Promise<Response> => {
    const set = (answer: Response) => {
      c.res = answer;
    };
    const answer = () => route(c).then(set, (error: unknown) => answerError(c, error));
    return goThrough(steps, c, answer).then(() => c.res);
  };
}

function goThrough(steps: readonly Step[], c: Context<AppEnv>, rest: Next): Promise<void> {
  let way: AroundHandler | undefined;
  let last = rest;
  try {
    for (const step of steps) {
      const around = step(c);
      if (around) way = way === undefined ? around : within(way, answering(c, around));
    }
  } catch (refusal) {
    last = () => answerError(c, refusal);
  }
  return way === undefined ? last() : way(last);
}

async function answerError(c: Context<AppEnv>, thrown: unknown): Promise<void> {
  c.res = await errorHandler(thrown as Error, c);
}

/** What refuses on the way, a body that is found too long say, is answered within what stands around it too. */
const answering =
  (c: Context<AppEnv>, around: AroundHandler): AroundHandler =>
  (rest) =>
    around(rest).catch((thrown: unknown) => answerError(c, thrown));

const within =
  (outer: AroundHandler, inner: AroundHandler): AroundHandler =>
  (rest) =>
    outer(() => inner(rest));
