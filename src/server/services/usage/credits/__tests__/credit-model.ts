import type {
  Charge,
  ModelAnswer,
  ModelCounter,
  ModelHold,
  DrawPart,
} from './credit-model-rows.ts';
import { OverageModel } from './overage-model.ts';

/** The rules of credits, written as plainly as they can be: what the database is held to. */

/** One tenant. */
export class CreditModel extends OverageModel {
  readonly counters: Record<string, ModelCounter>;
  readonly holds = new Map<string, ModelHold>();
  readonly #charges: Charge[] = [];

  constructor(counters: Record<string, ModelCounter>) {
    super();
    this.counters = counters;
  }

  room(resource: string): number {
    const { limit, used, beyond, held, heldBeyond } = this.counters[resource]!;
    if (limit === null) return Infinity;
    return Math.max(0, limit - (used - beyond) - (held - heldBeyond));
  }

  spendable(resource: string, nowMs: number): number | null {
    const { limit, rate } = this.counters[resource]!;
    if (limit === null) return null;
    return (
      this.room(resource) +
      (rate === null ? 0 : Math.floor((this.balance(nowMs) + this.overageRoom()) / rate))
    );
  }

  admit(
    call: { resource: string; amount: number; enforce: boolean; hold: string | null },
    nowMs: number,
    ttlMs: number,
  ): ModelAnswer {
    const { resource, amount, hold } = call;
    const enforce = call.enforce || hold !== null;
    const counter = this.counters[resource]!;
    const pays = (need: number, more = 0) =>
      need <= 0 ||
      (counter.rate !== null &&
        this.#hasAccount &&
        need * counter.rate <= this.balance(nowMs) + this.overageRoom() + more);
    const need = () => Math.max(0, amount - this.room(resource));
    if (enforce && !pays(need())) this.expire(nowMs, resource);
    if (enforce && !pays(need())) {
      const heldLive = this.grants
        .filter((g) => !g.frozen && g.expiresMs > nowMs)
        .reduce((sum, g) => sum + g.held - g.due, 0);
      const overageBack = this.overageRoom(false) - this.overageRoom();
      const withoutHolds = Math.max(0, counter.limit! - (counter.used - counter.beyond));
      return this.#answer(
        'rejected',
        resource,
        pays(amount - withoutHolds, heldLive + overageBack),
        0,
      );
    }
    const beyond = counter.rate !== null && this.#hasAccount ? need() : 0;
    if (hold === null) {
      if (beyond > 0) this.#charge(resource, beyond, nowMs);
      counter.used += amount;
      counter.beyond += beyond;
    } else {
      const sources = beyond > 0 ? this.#take(beyond * counter.rate!, nowMs) : [];
      for (const { grant, price, micro } of sources) {
        if (grant) grant.held += micro;
        else this.month(price!).held += micro;
      }
      counter.held += amount;
      counter.heldBeyond += beyond;
      this.holds.set(hold, {
        ...{ id: hold, resource, amount, planUnits: amount - beyond, rate: counter.rate ?? 0 },
        ...{ sources, expiresMs: nowMs + ttlMs, begun: 0, state: 'open', settled: null },
        charges: [],
      });
    }
    return this.#answer('accepted', resource, false, beyond);
  }

  #answer(
    outcome: ModelAnswer['outcome'],
    resource: string,
    waits: boolean,
    beyond: number,
  ): ModelAnswer {
    const { used, held, limit } = this.counters[resource]!;
    const remaining = limit === null ? null : this.room(resource);
    return { outcome, used, held, remaining, waits, beyond };
  }

  get #hasAccount(): boolean {
    return this.hasAccount || this.grants.length > 0;
  }

  /** Of the grants in their order, then of overage. */
  #take(micro: number, nowMs: number): DrawPart[] {
    const parts: DrawPart[] = this.take(micro, nowMs);
    const more = this.takeOverage(micro - parts.reduce((sum, part) => sum + part.micro, 0));
    return more ? [...parts, { grant: null, ...more }] : parts;
  }

  #charge(resource: string, units: number, nowMs: number): Charge {
    const { rate } = this.counters[resource]!;
    const parts = this.#take(units * rate!, nowMs);
    for (const { price, micro } of parts) {
      if (price !== undefined) this.useOverage({ price, micro }, micro);
    }
    const paid = parts.reduce((sum, { micro }) => sum + micro, 0);
    if (paid < units * rate!) parts.push({ grant: null, micro: units * rate! - paid });
    const charge = { resource, rate: rate!, parts };
    this.#charges.push(charge);
    return charge;
  }

  /** Units that are taken whatever is left: beyond the quota credits pay what they can. */
  #takeAnyway(resource: string, units: number, nowMs: number): Charge | undefined {
    const counter = this.counters[resource]!;
    const over = Math.max(0, units - this.room(resource));
    const beyond = counter.rate !== null && this.#hasAccount ? over : 0;
    const charge = beyond > 0 ? this.#charge(resource, beyond, nowMs) : undefined;
    counter.used += units;
    counter.beyond += beyond;
    return charge;
  }

  #end(hold: ModelHold, units: number, nowMs: number): void {
    const counter = this.counters[hold.resource]!;
    const beyond = Math.min(Math.max(0, units - hold.planUnits), hold.amount - hold.planUnits);
    let due = beyond * hold.rate;
    const parts: Charge['parts'] = [];
    for (const source of hold.sources) {
      const { grant, price, micro } = source;
      const paid = Math.min(due, micro);
      due -= paid;
      if (paid > 0) parts.push({ ...source, micro: paid });
      if (grant) {
        grant.held -= micro;
        this.giveBack(grant, micro - paid, nowMs);
      } else {
        this.month(price!).held -= micro;
        this.useOverage({ price: price!, micro }, paid);
      }
    }
    if (beyond > 0) {
      const charge = { resource: hold.resource, rate: hold.rate, parts };
      this.#charges.push(charge);
      hold.charges.push(charge);
    }
    counter.held -= hold.amount;
    counter.heldBeyond -= hold.amount - hold.planUnits;
    counter.used += Math.min(units, hold.amount);
    counter.beyond += beyond;
    if (units > hold.amount) {
      const more = this.#takeAnyway(hold.resource, units - hold.amount, nowMs);
      if (more) hold.charges.push(more);
    }
  }

  /** Takes units off; answers how many of them were beyond. */
  #giveBackUnits(charges: readonly Charge[], units: number, nowMs: number): number {
    let back = 0;
    for (const charge of charges.toReversed()) {
      const left = charge.parts.reduce((sum, { micro }) => sum + micro, 0) / charge.rate;
      const now = Math.min(units - back, left);
      back += now;
      let due = now * charge.rate;
      for (const part of charge.parts.toReversed()) {
        const micro = Math.min(due, part.micro);
        part.micro -= micro;
        due -= micro;
        if (part.grant && micro > 0) this.giveBack(part.grant, micro, nowMs);
        if (part.price !== undefined) this.useOverage({ price: part.price, micro }, -micro);
      }
    }
    return back;
  }

  settle(id: string, amount: number | null, nowMs: number): string {
    const hold = this.holds.get(id)!;
    if (hold.state === 'settled') {
      return amount === hold.settled ? 'done_before' : 'settled_otherwise';
    }
    if (hold.state === 'released' && amount !== null) return 'released_before';
    const counted = hold.state === 'expired' ? hold.begun : 0;
    if (hold.state !== 'open' && amount === null && counted === 0) return 'done_before';
    const change = (amount ?? 0) - counted;
    if (hold.state === 'open') this.#end(hold, amount ?? 0, nowMs);
    else if (change > 0) this.#takeAnyway(hold.resource, change, nowMs);
    else {
      const back = this.#giveBackUnits(hold.charges, -change, nowMs);
      this.counters[hold.resource]!.used += change;
      this.counters[hold.resource]!.beyond -= back;
    }
    hold.state = amount === null ? 'released' : 'settled';
    hold.settled = amount;
    return 'done';
  }

  /** Group by group, in their order. */
  expire(nowMs: number, ofResource?: string): void {
    const names = ofResource === undefined ? Object.keys(this.counters) : [ofResource];
    for (const resource of names) this.#expireGroup(nowMs, resource);
  }

  #expireGroup(nowMs: number, resource: string): void {
    const due = [...this.holds.values()]
      .filter((hold) => hold.state === 'open' && hold.expiresMs <= nowMs)
      .filter((hold) => hold.resource === resource)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    // Holds of the quota alone end before those whose work is to be drawn for.
    const plain = (hold: ModelHold) => hold.planUnits === hold.amount && hold.begun <= hold.amount;
    for (const hold of [...due.filter(plain), ...due.filter((one) => !plain(one))]) {
      this.#end(hold, hold.begun, nowMs);
      hold.state = 'expired';
    }
  }

  /** False when it would leave less than nothing. */
  correct(resource: string, amount: number, nowMs: number): boolean {
    const counter = this.counters[resource]!;
    if (counter.used + amount < 0) return false;
    const charges = this.#charges.filter((one) => one.resource === resource);
    const units = Math.min(Math.max(0, -amount), counter.beyond);
    const back = units > 0 ? this.#giveBackUnits(charges, units, nowMs) : 0;
    counter.used += amount;
    counter.beyond -= back;
    return true;
  }
}
