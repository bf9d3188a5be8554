import type { ModelGrant } from './grants-model.ts';

/** A call beyond the quota, and what of it each source paid and still pays. */
export interface Charge {
  resource: string;
  rate: number;
  parts: DrawPart[];
}

/** Of a grant, of overage at a price, or of neither: uncovered. */
export interface DrawPart {
  grant: ModelGrant | null;
  price?: number;
  micro: number;
}

export interface ModelCounter {
  limit: number | null;
  rate: number | null;
  used: number;
  beyond: number;
  held: number;
  heldBeyond: number;
}

export interface ModelHold {
  id: string;
  resource: string;
  amount: number;
  planUnits: number;
  rate: number;
  sources: DrawPart[];
  expiresMs: number;
  begun: number;
  state: 'open' | 'expired' | 'settled' | 'released';
  settled: number | null;
  charges: Charge[];
}

export interface ModelAnswer {
  outcome: 'accepted' | 'rejected';
  used: number;
  held: number;
  remaining: number | null;
  waits: boolean;
  beyond: number;
}
