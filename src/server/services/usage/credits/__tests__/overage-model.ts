import { GrantsModel } from './grants-model.ts';

/** The rules of overage, written as plainly as they can be. Prices are whole minor units a credit. */

export interface ModelOffer {
  price: number;
  suspended: string | null;
}

interface Bill {
  micro: number;
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
  unpaid = 0;
  readonly bills: Bill[] = [];
  readonly months = new Map<number, { used: number; held: number }>();

  /** µcr that can be taken; `held` false as if nothing were held. */
  overageRoom(held = true): number {
    if (!this.isOn || this.offer?.suspended || this.isSuspended) return 0;
    let spent = 0;
    let kept = 0;
    for (const [price, month] of this.months) {
      spent += (month.used + (held ? month.held : 0)) * price;
      kept += held ? month.held : 0;
    }
    const capped = Math.floor((this.capMinor * 1e6 - spent) / this.price);
    const trusted = Math.floor((this.exposureMinor * 1e6) / this.price) - this.unpaid - kept;
    return Math.max(0, Math.min(capped, trusted));
  }

  get isSuspended(): boolean {
    return this.bills.some(({ state }) => state === 'failed');
  }

  protected month(price: number) {
    const month = this.months.get(price) ?? { used: 0, held: 0 };
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
    this.unpaid += micro;
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
    if (to !== 'failed') this.unpaid -= bill.micro;
    return true;
  }

  /** Bills what no statement has yet; answers how much. */
  bill(): number {
    const open = this.bills.reduce((sum, { micro, state }) => {
      return state === 'billed' || state === 'failed' ? sum + micro : sum;
    }, 0);
    const micro = this.unpaid - open;
    this.bills.push({ micro, state: 'billed' });
    return micro;
  }
}
