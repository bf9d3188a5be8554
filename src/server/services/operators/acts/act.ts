import type {
  ActFact,
  ActFactName,
  ActResult,
  ActWord,
} from '../../../../domain/accounts/operator-act.ts';
import type { Money } from '../../../../domain/money.ts';
import type { OperatorIdentity } from '../operator-identity.ts';

/** How long a reason may be, in characters. */
export const REASON = { min: 3, max: 500 } as const;

/** Whom an act is for, who does it and why; with `dryRun` it only says what it would do. */
export interface ActOn {
  operator: OperatorIdentity;
  tenantId: string;
  reason: string;
  dryRun: boolean;
}

/** One verb of the operator's page: what it would do, or what it did. */
export type Act<Deps, Wish> = (deps: Deps, on: ActOn, wish: Wish) => Promise<ActResult>;

/** The result of an act: whether it was done, and its facts. */
export const actResult = (done: boolean, ...facts: ActFact[]): ActResult => ({ done, facts });

/** The few kinds of facts, each with its unit. */
export const fact = {
  text: (name: ActFactName, value: string | null): ActFact => ({ name, kind: 'text', value }),
  word: (name: ActFactName, value: ActWord): ActFact => ({ name, kind: 'word', value }),
  count: (name: ActFactName, value: number): ActFact => ({ name, kind: 'count', value }),
  /** µcr. */
  credits: (name: ActFactName, value: number): ActFact => ({ name, kind: 'credits', value }),
  money: (name: ActFactName, { amountMinor: value, currency }: Money): ActFact => ({
    ...{ name, kind: 'money', value, currency },
  }),
  instant: (name: ActFactName, at: Date | string | null): ActFact => ({
    ...{ name, kind: 'instant', value: at === null ? null : new Date(at).toISOString() },
  }),
};
