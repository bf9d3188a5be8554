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
  /** Only of what was decided now. */
  held?: number;
}

interface Hold {
  tenant: number;
  amount: number;
  expiresAtMs: number;
  state: 'open' | 'expired' | 'settled' | 'released';
  settledAmount: number | null;
  /** What is owed when nobody settles it. */
  begunAmount: number;
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
      const { used, limit, remaining } = first.answer;
      const outcome = first.body === body ? repeat : 'conflict';
      return { used, limit, remaining, outcome };
    }
    if (!this.#fits(tenant, amount) && (enforce || hold)) this.#expire(tenant, nowMs);
    const accepted = this.#fits(tenant, amount) || !(enforce || hold);
    if (accepted && hold) {
      this.holds.set(id, {
        tenant,
        amount,
        expiresAtMs,
        state: 'open',
        settledAmount: null,
        begunAmount: 0,
      });
    } else if (accepted) {
      this.used[tenant]! += amount;
    }
    const answer = this.#answer(accepted ? 'accepted' : 'rejected', tenant);
    // What only holds stood in the way of may come again with its key.
    const final = accepted || answer.used + amount > answer.limit!;
    if (key !== null && final) this.#keys.set(`${tenant}/${key}`, { body, answer });
    return answer;
  }

  /** The work began, or went on: so much is owed by now. */
  begin(id: string, amount: number): void {
    const hold = this.holds.get(id);
    if (hold?.state === 'open') hold.begunAmount = Math.max(hold.begunAmount, amount);
  }

  /** Answers the outcome of `usage_settle`. */
  settle(id: string, amount: number | null): string {
    const hold = this.holds.get(id);
    if (hold === undefined) return 'unknown';
    if (hold.state === 'settled') {
      return amount === hold.settledAmount ? 'done_before' : 'settled_otherwise';
    }
    if (hold.state === 'released' && amount !== null) return 'released_before';
    const counted = hold.state === 'expired' ? hold.begunAmount : 0;
    if (hold.state !== 'open' && amount === null && counted === 0) return 'done_before';
    hold.state = amount === null ? 'released' : 'settled';
    hold.settledAmount = amount;
    this.used[hold.tenant]! += (amount ?? 0) - counted;
    return 'done';
  }

  expireAll(nowMs: number): void {
    for (let tenant = 0; tenant < this.used.length; tenant += 1) this.#expire(tenant, nowMs);
  }

  #expire(tenant: number, nowMs: number): void {
    for (const hold of this.holds.values()) {
      if (hold.tenant === tenant && hold.state === 'open' && hold.expiresAtMs <= nowMs) {
        hold.state = 'expired';
        this.used[tenant]! += hold.begunAmount;
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
    const held = this.held(tenant);
    const remaining = limit === null ? null : Math.max(0, limit - used - held);
    return { outcome, used, limit, remaining, held };
  }
}
