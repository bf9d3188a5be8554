import { OperatorAccess, type OperatorAccessDeps } from './access.ts';
import { OperatorLog } from './log.ts';
import { TenantActs, type TenantActDeps } from './tenant-acts.ts';
import { OperatorTenants, type TenantReads } from './tenants.ts';

export type OperatorDeps = OperatorAccessDeps & TenantReads & Omit<TenantActDeps, 'tenants'>;

/** What people who run the installation see and do. Each act needs a reason, and leaves a trace. */
export class Operators {
  readonly access: OperatorAccess;
  readonly log: OperatorLog;
  readonly tenants: OperatorTenants;
  readonly acts: TenantActs;

  constructor(deps: OperatorDeps) {
    this.access = new OperatorAccess(deps);
    this.log = new OperatorLog(deps);
    this.tenants = new OperatorTenants(deps);
    this.acts = new TenantActs({ ...deps, log: this.log, tenants: this.tenants });
  }
}
