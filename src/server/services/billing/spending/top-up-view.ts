import { findTopUp } from '../../../../db/repositories/billing/credit-purchase.repository.ts';
import { findAutoTopUp } from '../../../../db/repositories/billing/top-up.repository.ts';
import type { AutoTopUp, CreditPurchase } from '../../../../db/schema/index.ts';
import type { AutoTopUpView } from '../../../../domain/billing/spending/top-up.ts';
import { canManageBilling, type Role } from '../../../../domain/ids.ts';
import { judgePurchase, type JudgeDeps } from '../purchases/judge-purchase.ts';
import { readTopUpMonth } from '../purchases/top-up-month.ts';

const NEVER: AutoTopUpView = {
  ...{ enabled: false, agreed: null, spentMonthMinor: 0, monthEndsAt: null },
  ...{ paused: null, waits: null, open: null },
};

/** What was agreed to, what it has bought this month, and what is in the way of the next one. */
export async function readTopUp(
  deps: JudgeDeps,
  { tenantId, role }: { tenantId: string; role: Role },
  now: Date,
): Promise<AutoTopUpView> {
  const { db } = deps;
  const agreed = await findAutoTopUp(db, tenantId);
  const month = await readTopUpMonth(db, tenantId, now);
  if (!agreed || !month) return NEVER;
  const { enabled, paused, packId, lowCredits, monthMaxMinor, ...consent } = agreed;
  const { amountMinor, currency, credits } = consent;
  const open = await findTopUp(db, tenantId);
  return {
    ...{ enabled, paused },
    agreed: { packId, lowCredits, monthMaxMinor, amountMinor, currency, credits },
    ...{ spentMonthMinor: month.spentMinor, monthEndsAt: month.endsAt.toISOString() },
    waits: enabled && !paused && !open ? await whatWaits(deps, agreed, month, now) : null,
    open: open ? viewOpen(open, role) : null,
  };
}

async function whatWaits(
  deps: JudgeDeps,
  agreed: AutoTopUp,
  month: { spentMinor: number; maxMinor: number; endsAt: Date },
  now: Date,
): Promise<AutoTopUpView['waits']> {
  const broken = await judgePurchase(deps, agreed, now);
  if (broken) return { reason: 'spending_rule', until: broken.freeAt?.toISOString() ?? null };
  if (month.spentMinor + agreed.amountMinor <= month.maxMinor) return null;
  return { reason: 'month_max', until: month.endsAt.toISOString() };
}

function viewOpen({ id, state, url, expiresAt }: CreditPurchase, role: Role) {
  const mayConfirm = state === 'needs_action' && canManageBilling(role);
  return {
    purchaseId: id,
    confirmUrl: mayConfirm ? url : null,
    until: expiresAt.toISOString(),
  };
}
