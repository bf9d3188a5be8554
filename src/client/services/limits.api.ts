import type { LimitsView } from '../../domain/billing/spending/limits-view.ts';
import type { SpendingMaxima, SpendingPreset } from '../../domain/billing/spending/rules.ts';
import type { PackConsent } from '../../domain/billing/spending/top-up.ts';
import type { CapAlert, OveragePrice } from '../../domain/billing/overage.ts';
import { authorizedFetch, getJson, jsonBody } from './http.ts';

/** One of them at a time. */
export type LimitsInput =
  | {
      overage: { enabled: boolean; capMinor?: number; consent?: OveragePrice };
      alerts?: CapAlert[];
    }
  | {
      autoTopUp:
        | { enabled: false }
        | {
            enabled: true;
            packId: string;
            lowCredits: number;
            monthMaxMinor: number;
            consent: PackConsent;
          };
    }
  | { rules: { preset: SpendingPreset; currency?: string } & Partial<SpendingMaxima> };

export function getLimits(): Promise<LimitsView> {
  return getJson('/api/billing/limits');
}

/** 409 `consent_stale` when the price is another by now, 409 `card_needed`, 422 for amounts that cannot be. */
export async function putLimits(wish: LimitsInput): Promise<LimitsView> {
  const answer = await authorizedFetch('/api/billing/limits', { method: 'PUT', ...jsonBody(wish) });
  return (await answer.json()) as LimitsView;
}
