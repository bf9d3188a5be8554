import type { Step } from './in-one-step.ts';

/**
 * HEAD runs the route of GET for its status and headers. The router would drop the body unread,
 * and with it whatever the body holds open; here it is told that nobody reads it. Streams of ours
 * do not even open for HEAD (`routes/response-stream.ts`).
 */
export const headWithoutBody: Step = (c) => {
  if (c.req.method !== 'HEAD') return;
  return async (rest) => {
    await rest();
    await c.res.body?.cancel();
  };
};
