import type { ResourceType } from '../quota.ts';
import type { OverageUsed } from './overage.ts';

/** 1 credit is so many microcredits (µcr). Every amount of credits is whole µcr. */
export const MICRO_PER_CREDIT = 1_000_000;

/** µcr of one grant at most, 9 million credits: a thousand of them still add up exactly. */
export const GRANT_MICRO_MAX = 9_000_000_000_000;

/** µcr of one call at most, as `credit_call_max` has it: a thousand of them still add up exactly. */
export const CALL_MICRO_MAX = 9_000_000_000_000;

export const GRANT_ORIGINS = ['purchase', 'promotion', 'goodwill', 'migration'] as const;
export type GrantOrigin = (typeof GRANT_ORIGINS)[number];

/** Of grants that expire together promotional ones are drawn first. */
export type GrantClass = 'promotional' | 'paid';

/** `scheduled` until it begins; `frozen` while it must not be drawn; `revoked` as a whole. */
export const GRANT_STATES = [
  'active',
  'scheduled',
  'used',
  'expired',
  'frozen',
  'revoked',
] as const;
export type GrantState = (typeof GRANT_STATES)[number];

/** Credits with an origin, a beginning and an end. Amounts are µcr, instants ISO 8601. */
export interface GrantView {
  id: string;
  origin: GrantOrigin;
  class: GrantClass;
  amount: number;
  /** Of it: not drawn and not held, also when it is expired or frozen and cannot be drawn. */
  left: number;
  held: number;
  effectiveAt: string;
  /** It can be drawn before this instant, not at it. */
  expiresAt: string;
  state: GrantState;
}

/** A tenant's credits now. Amounts are µcr. */
export interface CreditsView {
  /** What the next call can draw: of grants that have begun, are not over and not frozen. */
  balance: number;
  /** What work under way keeps of grants. */
  held: number;
  /** In the order of drawing; behind them the last ten that are used, expired or revoked. */
  grants: GrantView[];
  /** What is used without a grant, and billed afterwards. */
  overage: OverageUsed;
  /**
   * Units that the reader's next call can take: quota, credits and overage together, and no more than the
   * reader's own limit leaves; null without a limit.
   */
  spendable: Record<ResourceType, number | null>;
  /** What the reader's own limits leave; null without one. */
  memberLeft: Record<ResourceType, number | null>;
}

export const MOVEMENT_KINDS = [
  'granted',
  'grant',
  'overage',
  'uncovered',
  'expired',
  'revoked',
] as const;
export type MovementKind = (typeof MOVEMENT_KINDS)[number];

/**
 * A movement of credits. `micro` is what came in (positive) or was taken (negative), `balance` what
 * was left after it of all grants together, held credits and those of grants to come included. Overage
 * is of no grant, and changes no balance.
 */
export interface CreditMovement {
  /** 1, 2, … without a gap. */
  seq: number;
  at: string;
  kind: MovementKind;
  grantId: string | null;
  /** Of use alone: what was used, in its own units; on the first of the movements of one call. */
  resourceType: ResourceType | null;
  /** Of use: what the ledger names; null where it names none, and of what was drawn before this was noted. */
  model: string | null;
  units: number;
  rateMicro: number | null;
  micro: number;
  /** The movement that this one gives back. */
  reverses: number | null;
  balance: number;
}

export interface CreditHistoryView {
  movements: CreditMovement[];
  /** Asks for the movements before these; null when there are none. */
  nextCursor: string | null;
}
