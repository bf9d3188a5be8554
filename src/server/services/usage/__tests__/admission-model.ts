/** The rules of admission, written as plainly as they can be: what the database is held to. */

export interface ModelCall {
  tenant: number;
  amount: number;
  enforce: boolean;
  hold: boolean;
  key: string | null;
}

export interface ModelAnswer {
  outcome: 'accepted' | 'rejected' | 'repeat_of_accepted' | 'repeat_of_rejected' | 'conflict';
  used: number;
  limit: number | null;
  remaining: number | null;
}

interface Hold {
  tenant: number;
  amount: number;
  expiresAtMs: number;
  state: 'open' | 'expired' | 'settled' | 'released';
  settledAmount: number | null;
}

export class AdmissionModel {
  readonly used: number[];
  readonly limits: (number | null)[];
  readonly holds = new Map<string, Hold>();
  readonly #keys = new Map<string, { body: string; answer: ModelAnswer }>();

  constructor(limits: (number | null)[]) {
    this.limits = limits;
    this.used = limits.map(() => 0);
  }

  held(tenant: number): number {
    let sum = 0;
    for (const hold of this.holds.values()) {
      if (hold.tenant === tenant && hold.state === 'open') sum += hold.amount;
    }
    return sum;
  }

  admit(call: ModelCall, id: string, nowMs: number, expiresAtMs: number): ModelAnswer {
    const { tenant, amount, enforce, hold, key } = call;
    const body = JSON.stringify([amount, hold || enforce, hold]);
    const first = key === null ? undefined : this.#keys.get(`${tenant}/${key}`);
    if (first !== undefined) {
      const accepted = first.answer.outcome === 'accepted';
      const repeat = accepted ? 'repeat_of_accepted' : 'repeat_of_rejected';
      return { ...first.answer, outcome: first.body === body ? repeat : 'conflict' };
    }
    if (!this.#fits(tenant, amount) && (enforce || hold)) this.#expire(tenant, nowMs);
    const accepted = this.#fits(tenant, amount) || !(enforce || hold);
    if (accepted && hold) {
      this.holds.set(id, { tenant, amount, expiresAtMs, state: 'open', settledAmount: null });
    } else if (accepted) {
      this.used[tenant]! += amount;
    }
    const answer = this.#answer(accepted ? 'accepted' : 'rejected', tenant);
    if (key !== null) this.#keys.set(`${tenant}/${key}`, { body, answer });
    return answer;
  }

  /** Answers the outcome of `usage_settle`. */
  settle(id: string, amount: number | null): string {
    const hold = this.holds.get(id);
    if (hold === undefined) return 'unknown';
    if (hold.state === 'settled') {
      return amount === hold.settledAmount ? 'done_before' : 'settled_otherwise';
    }
    if (hold.state === 'released' && amount !== null) return 'released_before';
    if (hold.state !== 'open' && amount === null) return 'done_before';
    hold.state = amount === null ? 'released' : 'settled';
    hold.settledAmount = amount;
    this.used[hold.tenant]! += amount ?? 0;
    return 'done';
  }

  expireAll(nowMs: number): void {
    for (let tenant = 0; tenant < this.used.length; tenant += 1) this.#expire(tenant, nowMs);
  }

  #expire(tenant: number, nowMs: number): void {
    for (const hold of this.holds.values()) {
      if (hold.tenant === tenant && hold.state === 'open' && hold.expiresAtMs <= nowMs) {
        hold.state = 'expired';
      }
    }
  }

  #fits(tenant: number, amount: number): boolean {
    const limit = this.limits[tenant]!;
    return limit === null || this.used[tenant]! + this.held(tenant) + amount <= limit;
  }

  #answer(outcome: ModelAnswer['outcome'], tenant: number): ModelAnswer {
    const limit = this.limits[tenant]!;
    const used = this.used[tenant]!;
    const remaining = limit === null ? null : Math.max(0, limit - used - this.held(tenant));
    return { outcome, used, limit, remaining };
  }
}
