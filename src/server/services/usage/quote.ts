import type { UsageStats } from '../../../domain/api.ts';
import {
  leftAfter,
  microBeyond,
  microHeld,
  microOnceBack,
  quoteOf,
  type QuoteView,
} from '../../../domain/billing/usage/quote.ts';
import type { ResourceType } from '../../../domain/quota.ts';
import type { MemberRoom } from '../../../db/repositories/usage/ledger/members.ts';
import { periodOf } from '../../../domain/period.ts';
import { overageView, readOverageOf } from './credits/overage-view.ts';
import { quotaExceeded, type Refusal } from './credits/quota-exceeded.ts';
import { memberLimitMet } from './credits/refusal.ts';
import type { CreditService } from './credits/credit.service.ts';
import type { MeteringDeps } from './metering-deps.ts';
import { usageStats } from './stats.ts';

/** For whom. */
export interface Quoted {
  tenantId: string;
  memberId: string;
}

/**
 * What a message would take of the quotas and of credits: one message, and the tokens that `tokens`
 * makes of those which are left beside it (null: without limit). Nothing is held and nothing counts.
 * 429 `quota_exceeded` or `member_limit` where admission would refuse the message.
 */
export async function quoteMessage(
  deps: MeteringDeps,
  credits: Pick<CreditService, 'read'>,
  { tenantId, memberId }: Quoted,
  tokens: (left: number | null) => number,
): Promise<QuoteView> {
  const period = periodOf(deps.clock.now());
  // Before the others, for it releases holds that are past their time.
  const { balance } = await credits.read(tenantId);
  const [stats, overage, rooms] = await Promise.all([
    usageStats(deps, tenantId, period),
    readOverageOf(deps, tenantId, period),
    deps.router.read(
      tenantId,
      (bucket) => bucket.listMemberRooms(tenantId, period, memberId),
      (found) => found.length === 0,
    ),
  ]);
  const roomOf = (resource: ResourceType) => rooms.find((room) => room.resourceType === resource);
  const [ofMessages, ofTokens] = [roomOf('messages'), roomOf('llm_tokens')];
  const [messageCounter, tokenCounter] = [find(stats, 'messages'), find(stats, 'llm_tokens')];
  const funds = balance + (overage?.account?.room ?? 0);
  const refuse = (needs: readonly Need[]) =>
    refused(deps, { tenantId, period, funds, stats }, needs);
  const message = { counter: messageCounter, amount: 1 };
  if ((leftAfter(messageCounter, funds, 0) ?? 1) < 1) throw await refuse([message]);
  if (ofMessages && leftIn(ofMessages) < 1)
    throw await limited(deps, { tenantId, period }, ofMessages, 1);
  const ofMessage = microBeyond(messageCounter, 1);
  const left = leftAfter(tokenCounter, funds, ofMessage);
  const own = ofTokens ? leftIn(ofTokens) : Infinity;
  const units = tokens(left === null && !ofTokens ? null : Math.min(left ?? Infinity, own));
  if (left !== null && units > left) {
    throw await refuse([message, { counter: tokenCounter, amount: units }]);
  }
  if (ofTokens && units > own) throw await limited(deps, { tenantId, period }, ofTokens, units);
  const micro = ofMessage + microBeyond(tokenCounter, units);
  return quoteOf(units, micro, balance, overageView(overage).price);
}

const leftIn = ({ limit, used, held }: MemberRoom) => Math.max(0, limit - used - held);

function limited(
  deps: MeteringDeps,
  of: Pick<Refusal, 'tenantId' | 'period'>,
  room: MemberRoom,
  amount: number,
) {
  const waits = room.used + amount <= room.limit;
  return memberLimitMet(deps, { ...room, ...of, amount, waits });
}

type Counter = UsageStats['resources'][number];

const find = ({ resources }: UsageStats, resource: ResourceType): Counter =>
  resources.find(({ resourceType }) => resourceType === resource)!;

/** Units of a resource that a message takes. */
interface Need {
  counter: Counter;
  amount: number;
}

/**
 * Why the last of what a message needs cannot be paid beside the others: `in_progress` where all would be,
 * if everything came back that others hold.
 */
function refused(
  deps: MeteringDeps,
  of: Pick<Refusal, 'tenantId' | 'period'> & { funds: number; stats: UsageStats },
  needs: readonly Need[],
) {
  const { tenantId, period, funds, stats } = of;
  const { counter, amount } = needs.at(-1)!;
  const later = funds + sum(stats.resources.map(microHeld));
  const due = sum(needs.map((need) => microOnceBack(need.counter, need.amount)));
  return quotaExceeded(deps, { ...counter, tenantId, period, amount, waits: due <= later });
}

const sum = (amounts: readonly number[]) => amounts.reduce((total, one) => total + one, 0);
