import { OperatorAccess, type OperatorAccessDeps } from './access.ts';
import { OperatorLog } from './log.ts';

export type OperatorDeps = OperatorAccessDeps;

/** What people who run the installation see and do. Each act needs a reason, and leaves a trace. */
export class Operators {
  readonly access: OperatorAccess;
  readonly log: OperatorLog;

  constructor(deps: OperatorDeps) {
    this.access = new OperatorAccess(deps);
    this.log = new OperatorLog(deps);
  }
}
