import { createHmac } from 'node:crypto';

/**
 * The `Stripe-Signature` header of one delivery attempt, `t` in real unix seconds: receivers compare
 * it with their own clock, whatever time is being played here.
 */
export function signatureHeader(body: string, secret: string, t: number): string {
  const v1 = createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
  return `t=${t},v1=${v1}`;
}
