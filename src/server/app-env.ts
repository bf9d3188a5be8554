import type { Logger } from './log.ts';
import type { Principal } from './principal.ts';
import type { OperatorIdentity } from './services/operators/operator-identity.ts';
import type { RequestMeter } from './services/usage/request-meter.ts';

/** Hono's type of our requests: what middleware puts in and routes may take out. */
export interface AppEnv {
  Variables: {
    requestId: string;
    /** A log that carries the request's id. */
    log: () => Logger;
    principal: Principal;
    /** Behind `requireOperator`. */
    operator: OperatorIdentity;
    /** What the request has reserved; behind `trackMessageUsage`. */
    meter: RequestMeter;
  };
}
