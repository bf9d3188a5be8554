import { GrantsModel } from './grants-model.ts';

/** The rules of overage, written as plainly as they can be. Prices are whole minor units a credit. */

export interface ModelOffer {
  price: number;
  suspended: string | null;
}

interface Bill {
  micro: number;
  /** What it asks for. */
  minor: number;
  state: 'billed' | 'paid' | 'failed' | 'void';
}

/** What of a charge or a hold is overage. */
export interface OveragePart {
  price: number;
  micro: number;
}

/** Of one tenant and one month. */
export class OverageModel extends GrantsModel {
  hasAccount = false;
  offer: ModelOffer | null = null;
  isOn = false;
  capMinor = 0;
  agreed = 0;
  price = 0;
  exposureMinor = 10;
  readonly bills: Bill[] = [];
  readonly months = new Map<number, { used: number; held: number; billed: number }>();

  /** µcr that can be taken; `held` false as if nothing were held. */
  overageRoom(held = true): number {
    if (!this.isOn || this.offer?.suspended || this.isSuspended) return 0;
    let spent = 0;
    let kept = 0;
    for (const [price, month] of this.months) {
      spent += month.used * price;
      kept += held ? month.held * price : 0;
    }
    const bound = Math.min(this.capMinor * 1e6 - spent, this.exposureMinor * 1e6 - this.unpaid);
    return Math.max(0, Math.floor((bound - kept) / this.price));
  }

  /** What was drawn and not paid, at the prices of then, in millionths of a minor unit; bills are as they ask. */
  get unpaid(): number {
    const unbilled = [...this.months].map(([price, { used, billed }]) => (used - billed) * price);
    const owed = this.bills.filter(({ state }) => state === 'billed' || state === 'failed');
    return [...unbilled, ...owed.map(({ minor }) => minor * 1e6)].reduce(
      (sum, one) => sum + one,
      0,
    );
  }

  get isSuspended(): boolean {
    return this.bills.some(({ state }) => state === 'failed');
  }

  protected month(price: number) {
    const month = this.months.get(price) ?? { used: 0, held: 0, billed: 0 };
    this.months.set(price, month);
    return month;
  }

  /** Takes what there is of it, up to `micro`. */
  protected takeOverage(micro: number): OveragePart | undefined {
    const taken = Math.min(micro, this.overageRoom());
    return taken > 0 ? { price: this.price, micro: taken } : undefined;
  }

  protected useOverage({ price }: OveragePart, micro: number): void {
    this.month(price).used += micro;
  }

  /** Answers as `credit_overage_set`. */
  set(on: boolean, capMinor: number, price: number): string | null {
    if (on && !this.offer) return 'not_offered';
    if (on && this.offer?.suspended) return 'paused';
    if (on && this.offer?.price !== price) return 'consent_stale';
    this.hasAccount = true;
    this.isOn = on;
    this.capMinor = capMinor;
    if (on) this.agreed = this.price = price;
    return null;
  }

  sell(offer: ModelOffer | null): void {
    this.offer = offer;
    if (!this.isOn) return;
    if (!offer || offer.price > this.agreed) this.isOn = false;
    else this.price = offer.price;
  }

  /** False where nothing changes. */
  turn(n: number, to: Bill['state']): boolean {
    const bill = this.bills[n];
    const goes = bill && (to === 'failed' ? ['billed'] : ['billed', 'failed']).includes(bill.state);
    if (!goes) return false;
    bill.state = to;
    return true;
  }

  /** Bills what no statement has yet, rounded down; answers that as it is told. */
  bill(): { micro: number; minor: number; lines: OveragePart[] } {
    const lines = [...this.months].map(([price, { used, billed }]) => ({
      ...{ price, micro: used - billed },
    }));
    const micro = lines.reduce((sum, one) => sum + one.micro, 0);
    const minor = Math.floor(lines.reduce((sum, one) => sum + one.micro * one.price, 0) / 1e6);
    for (const month of this.months.values()) month.billed = month.used;
    this.bills.push({ micro, minor, state: 'billed' });
    return { micro, minor, lines };
  }
}
