/**
 * What a customer wants of a subscription. `end` and `delete` are of every live subscription that
 * the tenant had when they were asked for; the others of one.
 */
export type Goal =
  | { kind: 'renew'; subscriptions: string[] }
  | {
      kind: 'end';
      subscriptions: string[];
      /** `period_end`: with what is paid; a subscription that is not paid up ends now all the same. */
      when: 'now' | 'period_end';
      /** The customer's own words. */
      comment: string | null;
    }
  | { kind: 'change_later'; subscriptions: string[]; priceId: string }
  | {
      kind: 'change_now';
      subscriptions: string[];
      priceId: string;
      /** Unix seconds: from when the difference is charged. */
      prorationDate: number;
      /** A new period begins with the change. */
      resetsPeriod: boolean;
    }
  | { kind: 'delete'; subscriptions: string[]; comment: string | null };

export type GoalKind = Goal['kind'];

/** How one subscription was arranged to go on. Instants are unix seconds. */
export type Arrangement =
  | { kind: 'renews' }
  | { kind: 'ends'; at: number; withPeriod: boolean }
  | { kind: 'changes'; priceId: string; at: number };

/** How it was before the customer asked, by subscription. */
export type IntentOrigin = Record<string, Arrangement>;

/** How an unsettled intent came to its end. */
export type Settled = 'done' | 'taken_back' | 'replaced' | 'stuck';
