import type { Db } from '../../../db/client.ts';
import type { ActResult, TenantAct } from '../../../domain/accounts/operator-act.ts';
import type { Act, ActOn } from './acts/act.ts';
import { addAllowance } from './acts/allowances.ts';
import { hideCharacter } from './acts/community.ts';
import { grantCredits, revokeCredits } from './acts/credits.ts';
import { resendMail } from './acts/mail.ts';
import { operateStatement, refundInvoice, refundPurchase } from './acts/money.ts';
import { trustOverage } from './acts/overage.ts';
import { deleteTenant, endSubscription, extendGrace, syncTenant } from './acts/subscriptions.ts';
import { correctUsage, reverseUsage } from './acts/usage.ts';
import type { OperatorLog } from './log.ts';
import { getAnyTenant } from './find-tenant.ts';

const ACTS = {
  sync: syncTenant,
  grant_credits: grantCredits,
  revoke_credits: revokeCredits,
  correct_usage: correctUsage,
  reverse_usage: reverseUsage,
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
export type TenantActInput = { [A in TenantAct]: { act: A } & WishOf<A> }[TenantAct];

type TakesDeps<A extends TenantAct> = {
  [One in A]: (deps: Parameters<(typeof ACTS)[One]>[0]) => void;
}[A];
/** What the services of all these acts need together. */
export type DepsOf<A extends TenantAct> =
  TakesDeps<A> extends (deps: infer Deps) => void ? Deps : never;
export type TenantActDeps = DepsOf<TenantAct>;

/**
 * What operators do for tenants, on their page and by commands: one list, each act by one service. Who has the
 * services of some of them alone does those.
 */
export class TenantActs<A extends TenantAct = TenantAct> {
  readonly #deps: DepsOf<A> & { db: Db; log: OperatorLog };

  constructor(deps: DepsOf<A> & { db: Db; log: OperatorLog }) {
    this.#deps = deps;
  }

  /** Says what it would do, or does it; either is written down. Errors are the services'. */
  async carryOut(on: ActOn, wish: Extract<TenantActInput, { act: A }>): Promise<ActResult> {
    const { operator, tenantId, reason, dryRun } = on;
    await getAnyTenant(this.#deps.db, tenantId);
    const act = ACTS[wish.act] as unknown as Act<DepsOf<A>, typeof wish>;
    const name = dryRun ? `${wish.act}.previewed` : wish.act;
    return this.#deps.log.carryOut(operator, { name, reason, subjectId: tenantId }, () =>
      act(this.#deps, on, wish),
    );
  }
}
