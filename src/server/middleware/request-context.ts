import { randomBytes } from 'node:crypto';
import type { Logger } from '../log.ts';
import type { Step } from './in-one-step.ts';
import { presetHeaders } from './preset-headers.ts';

/**
 * Gives each request an id (answered as `X-Request-Id`) and a log that carries it, made when there is
 * something to log.
 */
export function requestContext(log: Logger): Step {
  // Two processes never share it; within one it is enough to count.
  const prefix = `req_${randomBytes(12).toString('hex')}`;
  let count = 0;
  return (c) => {
    count += 1;
    const requestId = prefix + count.toString(16).padStart(8, '0');
    c.set('requestId', requestId);
    c.set('log', () => log.child({ requestId }));
    presetHeaders(c, { 'x-request-id': requestId });
  };
}

/** A line for each request; for who asked for so much. */
export const logRequest: Step = (c) => async (rest) => {
  await rest();
  const told = { method: c.req.method, path: c.req.path, status: c.res.status };
  c.get('log')().debug(told, 'request');
};
