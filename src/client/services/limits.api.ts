import type { LimitsView } from '../../domain/billing/spending/limits-view.ts';
import type { CapAlert, OveragePrice } from '../../domain/billing/overage.ts';
import { authorizedFetch, getJson, jsonBody } from './http.ts';

export interface LimitsWish {
  overage: { enabled: boolean; capMinor?: number; consent?: OveragePrice };
  alerts?: CapAlert[];
}

export function getLimits(): Promise<LimitsView> {
  return getJson('/api/billing/limits');
}

/** 409 `consent_stale` when the price is another by now, 422 `invalid_cap`. */
export async function putLimits(wish: LimitsWish): Promise<LimitsView> {
  const answer = await authorizedFetch('/api/billing/limits', { method: 'PUT', ...jsonBody(wish) });
  return (await answer.json()) as LimitsView;
}
