import type { GrantClass, GrantOrigin } from '../../../../domain/billing/credits.ts';
import type { Actor } from '../../../../domain/ids.ts';

export interface GrantRequest {
  tenantId: string;
  origin: GrantOrigin;
  /** What it was made for, as a purchase's id: once an origin and ref. */
  originRef: string;
  /** Whole µcr, from 1. */
  amountMicro: number;
  /** Unless told, purchases and migrations are paid and the others promotional. */
  class?: GrantClass;
  /** Now unless told. */
  effectiveAt?: Date;
  /** It serves calls before this instant. */
  expiresAt: Date;
  actor: Actor;
  reason: string;
}

interface GrantName {
  grantId: string;
}

interface OriginName {
  origin: GrantOrigin;
  originRef: string;
}

/** A change of one grant, which is named by its id or by what it was made for. */
type Change = (GrantName | OriginName) & {
  tenantId: string;
  /** Once a verb: a repeat does nothing. */
  ref: string;
  actor: Actor;
  reason: string;
};

export type RevokeRequest = Change & {
  /** Whole µcr, from 1; all of the grant unless told. */
  micro?: number;
};

export type SpareRequest = Change;

export type FreezeRequest = Change;

export type UnfreezeRequest = Change & {
  /** Milliseconds, from 0. */
  extendBy?: number;
};
