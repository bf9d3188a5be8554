import type { BillingDetailsView } from '../../domain/billing/billing-details.ts';
import { authorizedFetch, getJson, jsonBody } from './http.ts';

export function getBillingDetails(): Promise<BillingDetailsView> {
  return getJson('/api/billing/details');
}

/** 400 `tax_id_invalid` for a tax id that cannot be one. */
export async function putBillingDetails(wanted: BillingDetailsView): Promise<BillingDetailsView> {
  const answer = await authorizedFetch('/api/billing/details', {
    method: 'PUT',
    ...jsonBody(wanted),
  });
  return (await answer.json()) as BillingDetailsView;
}
