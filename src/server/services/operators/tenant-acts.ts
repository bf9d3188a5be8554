import type { ActResult, TenantAct } from '../../../domain/accounts/operator-act.ts';
import type { Act, ActOn } from './acts/act.ts';
import { addAllowance, type AllowanceActDeps } from './acts/allowances.ts';
import { hideCharacter, type CommunityDeps } from './acts/community.ts';
import { grantCredits, revokeCredits, type CreditDeps } from './acts/credits.ts';
import { resendMail, type MailActDeps } from './acts/mail.ts';
import { operateStatement, refundInvoice, refundPurchase, type MoneyDeps } from './acts/money.ts';
import { trustOverage, type OverageDeps } from './acts/overage.ts';
import {
  deleteTenant,
  endSubscription,
  extendGrace,
  syncTenant,
  type SubscriptionActDeps,
} from './acts/subscriptions.ts';
import { correctUsage, type UsageActDeps } from './acts/usage.ts';
import type { OperatorLog } from './log.ts';
import { getAnyTenant } from './find-tenant.ts';

export type TenantActDeps = AllowanceActDeps &
  CommunityDeps &
  CreditDeps &
  MailActDeps &
  MoneyDeps &
  OverageDeps &
  SubscriptionActDeps &
  UsageActDeps;

const ACTS = {
  sync: syncTenant,
  grant_credits: grantCredits,
  revoke_credits: revokeCredits,
  correct_usage: correctUsage,
  add_allowance: addAllowance,
  trust_overage: trustOverage,
  end_subscription: endSubscription,
  extend_grace: extendGrace,
  refund_invoice: refundInvoice,
  refund_purchase: refundPurchase,
  operate_statement: operateStatement,
  resend_mail: resendMail,
  hide_character: hideCharacter,
  delete_tenant: deleteTenant,
} satisfies Record<TenantAct, Act<never, never>>;

type WishOf<A extends TenantAct> = (typeof ACTS)[A] extends Act<never, infer Wish> ? Wish : never;

/** An act by its name, with what it needs to know. */
export type TenantWish = { [A in TenantAct]: { act: A } & WishOf<A> }[TenantAct];

/** What operators do for tenants, on their page and by commands: one list, each act by one service. */
export class TenantActs {
  readonly #deps: TenantActDeps & { log: OperatorLog };

  constructor(deps: TenantActDeps & { log: OperatorLog }) {
    this.#deps = deps;
  }

  /** Says what it would do, or does it; either is written down. Errors are the services'. */
  async carryOut(on: ActOn, wish: TenantWish): Promise<ActResult> {
    const { operator, tenantId, reason, dryRun } = on;
    await getAnyTenant(this.#deps.db, tenantId);
    const act = ACTS[wish.act] as Act<TenantActDeps, TenantWish>;
    const name = dryRun ? `${wish.act}.previewed` : wish.act;
    return this.#deps.log.carryOut(operator, { name, reason, subjectId: tenantId }, () =>
      act(this.#deps, on, wish),
    );
  }
}
