import type { ActResult, TenantAct } from '../../../domain/accounts/operator-act.ts';
import type { Act, ActOn } from './acts/act.ts';
import { grantCredits, revokeCredits, type CreditDeps } from './acts/credits.ts';
import { resendMail, type MailActDeps } from './acts/mail.ts';
import { operateStatement, refundPurchase, type MoneyDeps } from './acts/money.ts';
import {
  deleteTenant,
  endSubscription,
  syncTenant,
  type SubscriptionActDeps,
} from './acts/subscriptions.ts';
import { correctUsage, type UsageActDeps } from './acts/usage.ts';
import type { OperatorLog } from './log.ts';
import type { OperatorTenants } from './tenants.ts';

export type TenantActDeps = CreditDeps &
  MailActDeps &
  MoneyDeps &
  SubscriptionActDeps &
  UsageActDeps;

const ACTS = {
  sync: syncTenant,
  grant_credits: grantCredits,
  revoke_credits: revokeCredits,
  correct_usage: correctUsage,
  end_subscription: endSubscription,
  refund_purchase: refundPurchase,
  operate_statement: operateStatement,
  resend_mail: resendMail,
  delete_tenant: deleteTenant,
} satisfies Record<TenantAct, Act<never, never>>;

type WishOf<A extends TenantAct> = (typeof ACTS)[A] extends Act<never, infer Wish> ? Wish : never;

/** An act by its name, with what it needs to know. */
export type TenantWish = { [A in TenantAct]: { act: A } & WishOf<A> }[TenantAct];

/** What operators do for tenants, each act by the service that a command would use. */
export class TenantActs {
  readonly #deps: TenantActDeps & { log: OperatorLog; tenants: OperatorTenants };

  constructor(deps: TenantActDeps & { log: OperatorLog; tenants: OperatorTenants }) {
    this.#deps = deps;
  }

  /** Says what it would do, or does it; either is written down. Errors are the services'. */
  async carryOut(on: ActOn, wish: TenantWish): Promise<ActResult> {
    const { operator, tenantId, reason, dryRun } = on;
    await this.#deps.tenants.get(tenantId);
    const act = ACTS[wish.act] as Act<TenantActDeps, TenantWish>;
    const name = dryRun ? `${wish.act}.previewed` : wish.act;
    return this.#deps.log.carryOut(operator, { name, reason, subjectId: tenantId }, () =>
      act(this.#deps, on, wish),
    );
  }
}
