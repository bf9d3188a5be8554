import type { HealthScreen } from '../../../domain/accounts/operator-inbox.ts';
import { OperatorAccess, type OperatorAccessDeps } from './access.ts';
import { OperatorBusiness } from './business.ts';
import type { ReconcileRunsPage } from '../../../domain/accounts/reconcile-run.ts';
import { listReconcileRuns, readHealth, type HealthDeps } from './health.ts';
import { OperatorInbox, type InboxDeps } from './inbox.ts';
import { OperatorLog } from './log.ts';
import { TenantActs, type TenantActDeps } from './tenant-acts.ts';
import { OperatorTenants, type TenantReadDeps } from './tenants.ts';

export type OperatorDeps = OperatorAccessDeps &
  TenantReadDeps &
  HealthDeps &
  TenantActDeps &
  Omit<InboxDeps, 'log'>;

/** What people who run the installation see and do. Each act needs a reason, and leaves a trace. */
export class Operators {
  readonly access: OperatorAccess;
  readonly log: OperatorLog;
  readonly tenants: OperatorTenants;
  readonly acts: TenantActs;
  readonly inbox: OperatorInbox;
  readonly business: OperatorBusiness;
  readonly #deps: HealthDeps;

  constructor(deps: OperatorDeps) {
    this.access = new OperatorAccess(deps);
    this.log = new OperatorLog(deps);
    this.tenants = new OperatorTenants(deps);
    this.inbox = new OperatorInbox({ ...deps, log: this.log });
    this.business = new OperatorBusiness(deps);
    this.#deps = deps;
    this.acts = new TenantActs({ ...deps, log: this.log });
  }

  /** How the installation is. */
  readHealth(): Promise<HealthScreen> {
    return readHealth(this.#deps);
  }

  /** When all customers were compared with Stripe, and what that found. */
  listReconcileRuns(cursor: string | undefined, limit: number): Promise<ReconcileRunsPage> {
    return listReconcileRuns(this.#deps, cursor, limit);
  }
}
