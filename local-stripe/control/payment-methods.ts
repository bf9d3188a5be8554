import { z } from 'zod';
import { hardDeclines, testCards } from '../billing/cards.ts';
import type { Decline } from '../billing/cards.ts';
import { setCardFailing } from '../billing/payment/behavior.ts';
import type { Context } from '../kernel/types.ts';
import { ControlError } from './errors.ts';

export const failingCardBody = z.strictObject({
  /** Such as `insufficient_funds`; null lets the card behave as its number says again. */
  declineCode: z.string().max(100).nullable(),
});

/** Every decline a test card knows, and those after which nothing is retried, by decline code. */
export const declines: ReadonlyMap<string, Decline> = new Map(
  [...testCards.flatMap(({ decline }) => decline ?? []), ...hardDeclines].map((decline) => [
    decline.declineCode,
    decline,
  ]),
);

/** "This card fails from now on": at renewals as at any other charge. */
export function setFailingCard(
  ctx: Context,
  paymentMethod: string,
  declineCode: string | null,
): { paymentMethod: string; declineCode: string | null } {
  if (ctx.store.find('_card', paymentMethod) === undefined) {
    throw new ControlError(
      404,
      'resource_missing',
      `No such PaymentMethod: '${paymentMethod}'`,
      'id',
    );
  }
  const decline = declineCode === null ? null : declines.get(declineCode);
  if (decline === undefined) {
    throw new ControlError(
      400,
      'invalid_body',
      `declineCode: one of ${[...declines.keys()].join(', ')}, or null.`,
      'declineCode',
    );
  }
  setCardFailing(ctx, paymentMethod, decline);
  return { paymentMethod, declineCode };
}
