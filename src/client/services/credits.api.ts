import type { PacksView, PurchaseRefunded, PurchasesView, PurchaseView } from '../../domain/api.ts';
import type { CreditHistoryView, CreditsView } from '../../domain/billing/credits.ts';
import type { FileLanguage } from '../../domain/accounts/files/file-words.ts';
import { asChange } from './api-problem.ts';
import { authorizedFetch, getJson, postJson } from './http.ts';

export function getCredits(): Promise<CreditsView> {
  return getJson('/api/credits');
}

export function getPacks(): Promise<PacksView> {
  return getJson('/api/credits/packs');
}

export function getPurchases(): Promise<PurchasesView> {
  return getJson('/api/credits/purchases');
}

export function getMovements(cursor: string | null): Promise<CreditHistoryView> {
  const query = cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`;
  return getJson(`/api/credits/history${query}`);
}

/** All movements as a file, in the words of `lang`. */
export async function getMovementsFile(lang: FileLanguage): Promise<Blob> {
  return (await authorizedFetch(`/api/credits/history.csv?lang=${lang}`)).blob();
}

/** Where the pack is paid. 409 `purchase_open` when another purchase is open. */
export function buyPack(packId: string, currency: string): Promise<{ checkoutUrl: string }> {
  return postJson('/api/credits/checkout', { packId, currency });
}

const ofPurchase = (id: string, verb: string) =>
  `/api/credits/purchases/${encodeURIComponent(id)}/${verb}`;

/** Has the server look at Stripe; 404 `not_found` for a purchase that is not this team's. */
export function syncPurchase(id: string): Promise<PurchaseView> {
  return postJson(ofPurchase(id, 'sync'));
}

export function giveUpPurchase(id: string): Promise<PurchaseView> {
  return asChange(postJson(ofPurchase(id, 'cancel')));
}

export function refundPurchase(id: string): Promise<PurchaseRefunded> {
  return asChange(postJson(ofPurchase(id, 'refund')));
}
