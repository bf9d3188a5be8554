import type { Played } from './play.ts';

/** What a history broke of the promises; empty when it kept them. */
export function brokenBy(played: Played): string[] {
  const { errors, settled, final, running, atStripe, charges, alerts, leftWith } = played;
  const broken = [...errors.map((one) => `answered 500: ${one}`), ...played.differences];
  const after = charges.filter((one) => one.amountMinor > one.refundedMinor);
  if (settled.status !== 200) broken.push(`the page answers ${settled.status}`);
  if (running > 1 && alerts.length === 0) broken.push(`promise 4: ${running} subscriptions run`);
  const says = JSON.stringify(settled);
  if (running === 0 && settled.plan !== 'free') {
    broken.push(`not converged: nothing runs at Stripe, the page says ${says}`);
  }
  if (running > 0 && atStripe && atStripe.price !== 'another') {
    if (atStripe.price !== settled.price) {
      broken.push(`not converged: ${atStripe.price} at Stripe, the page says ${says}`);
    }
    if (!close(atStripe.endsOnDay, settled.endsOnDay)) {
      broken.push(
        `not converged: ends on day ${atStripe.endsOnDay} at Stripe, the page says ${says}`,
      );
    }
  }
  const end = settled.endsOnDay ?? (leftWith ? 0 : null);
  if (leftWith && settled.state !== 'canceled' && settled.endsOnDay === null && running > 0) {
    broken.push(`promise 1: ${leftWith} was answered as done, and the page says ${says}`);
  }
  const late = end === null ? [] : after.filter((one) => one.day > Math.max(end, 0) + 1);
  if (late.length > 0) {
    broken.push(`promise 2: ends on day ${end}, charged ${JSON.stringify(late.slice(0, 3))}`);
  }
  const paidToTheEnd = after.some((one) => one.day > 360) && played.runningFinally > 0;
  if (paidToTheEnd && final.plan === 'free') {
    broken.push('promise 4: charged to the end of the year, and the plan is free');
  }
  return broken;
}

function close(a: number | null, b: number | null): boolean {
  return a === b || (a !== null && b !== null && Math.abs(a - b) <= 1);
}
