import type { StripeEventRow } from '../../../../db/schema/index.ts';
import { subjectOf } from './event-row.ts';

/** The charge that an event is about: refunds and disputes name theirs. */
export function chargeIdOf(event: StripeEventRow): string | undefined {
  if (!/^(charge|refund)\./.test(event.type)) return undefined;
  const subject = subjectOf(event);
  return (subject.object === 'charge' ? subject.id : subject.charge) ?? undefined;
}
