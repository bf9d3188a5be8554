import type { EndpointKey } from '../../schema/index.ts';
import type { World } from '../support/world.ts';

/** Makes what it needs, and then the one call that the endpoint is for. */
export type Call = (world: World) => Promise<unknown>;

/** The part of the endpoints whose path begins so: a table that misses one does not compile. */
export type CallsOf<Prefix extends string> = Record<
  Extract<EndpointKey, `${string} /v1/${Prefix}${string}`>,
  Call
>;
