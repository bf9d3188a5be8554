import type { Db } from '../../../../db/client.ts';
import type { Clock } from '../../../../domain/clock.ts';
import type { UserId } from '../../../../domain/ids.ts';
import type { AllowanceService } from '../../usage/quota/allowance.service.ts';
import { getAccount } from '../get-account.ts';
import { AccountDeletionService } from './account-deletion.service.ts';
import { exportData } from './data-export.ts';
import { EmailChangeService } from './email-change.service.ts';
import { NotificationService } from './notification.service.ts';
import { PasswordService, type AccountDeps } from './password.service.ts';
import { SecondFactorService } from './second-factor.service.ts';
import { SessionService } from './session.service.ts';
import type { MembershipCache } from '../membership-cache.ts';

export interface OwnAccountDeps extends AccountDeps {
  /** The machine's clock, for what ages by it. */
  realTime: Clock;
  jwtSecret: string;
  memberships: MembershipCache;
  allowances: Pick<AllowanceService, 'list'>;
}

/** What people do with their own account. */
export class OwnAccount {
  private readonly db: Db;
  private readonly clock: Clock;
  private readonly allowances: OwnAccountDeps['allowances'];
  readonly passwords: PasswordService;
  readonly emailChanges: EmailChangeService;
  readonly sessions: SessionService;
  readonly deletion: AccountDeletionService;
  readonly notifications: NotificationService;
  readonly secondFactors: SecondFactorService;

  constructor(deps: OwnAccountDeps) {
    const { db, clock, realTime, mails } = deps;
    this.db = db;
    this.clock = clock;
    this.allowances = deps.allowances;
    const passwords = new PasswordService(deps);
    this.passwords = passwords;
    this.emailChanges = new EmailChangeService(deps, passwords);
    this.sessions = new SessionService({ db, clock: realTime, tokens: deps.sessions });
    this.deletion = new AccountDeletionService({
      ...{ db, clock, mails, passwords, memberships: deps.memberships },
    });
    this.notifications = new NotificationService(deps);
    this.secondFactors = new SecondFactorService({ ...deps, passwords });
  }

  /** All that is kept of a person, as JSON. 401 `unauthenticated`. */
  async exportData(who: { userId: UserId; tenantId: string }): Promise<AsyncGenerator<string>> {
    const account = await getAccount(this.db, who.userId, who.tenantId);
    return exportData({ db: this.db, allowances: this.allowances }, account, this.clock.now());
  }
}
