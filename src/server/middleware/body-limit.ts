import { bodyLimit as countingLimit } from 'hono/body-limit';
import { BillingError } from '../../domain/errors.ts';
import type { Step } from './in-one-step.ts';

const KIB = 1024;

/** Bytes of a body at most, but for the paths below. */
const BYTES_MAX = 256 * KIB;
const LARGER: readonly (readonly [prefix: string, bytesMax: number])[] = [
  // A thousand usage events with their metadata.
  ['/api/usage/', 4 * KIB * KIB],
  ['/webhooks/', 2 * KIB * KIB],
];

/**
 * Refuses large bodies with 413 before they are read, and packed ones, which nobody here unpacks. A declared length
 * is believed, for Node holds senders to it; only bodies without one are counted as they come.
 */
export const bodyLimit: Step = (c) => {
  const declared = c.req.header('content-length');
  if (declared === undefined && c.req.header('transfer-encoding') === undefined) return;
  const packed = c.req.header('content-encoding');
  if (packed !== undefined && packed.toLowerCase() !== 'identity') throw isPacked();
  if (declared !== undefined && Number(declared) <= BYTES_MAX) return;
  const bytesMax = LARGER.find(([prefix]) => c.req.path.startsWith(prefix))?.[1] ?? BYTES_MAX;
  if (declared !== undefined) {
    if (Number(declared) <= bytesMax) return;
    throw tooLarge(bytesMax);
  }
  const counting = countingLimit({
    maxSize: bytesMax,
    onError() {
      throw tooLarge(bytesMax);
    },
  });
  return async (rest) => {
    await counting(c, rest);
  };
};

const isPacked = () =>
  new BillingError('invalid_request', 'Send the body as it is: no Content-Encoding is read here.');

function tooLarge(bytesMax: number): BillingError {
  return new BillingError(
    'payload_too_large',
    `The body may have at most ${bytesMax / KIB} KiB here; send less at a time.`,
    { data: { bytesMax } },
  );
}
