import { useQuery, useQueryCache, type UseQueryReturn } from '@pinia/colada';
import type { PacksView, PurchasesView } from '../../domain/api.ts';
import type { CreditsView } from '../../domain/billing/credits.ts';
import { getCredits, getPacks, getPurchases } from '../services/credits.api.ts';
import { useSessionStore } from '../stores/session.ts';

/** The team's credits, as admission counts them; asked for while `isWanted`. */
export function useCredits(isWanted = () => true): UseQueryReturn<CreditsView> {
  const session = useSessionStore();
  return useQuery<CreditsView>({
    key: () => ['tenant', session.user?.id ?? '', 'credits', 'now'],
    query: getCredits,
    enabled: isWanted,
  });
}

export function usePurchases(): UseQueryReturn<PurchasesView> {
  const session = useSessionStore();
  return useQuery<PurchasesView>({
    key: () => ['tenant', session.user?.id ?? '', 'credits', 'purchases'],
    query: getPurchases,
  });
}

export function usePacks(): UseQueryReturn<PacksView> {
  return useQuery<PacksView>({ key: ['packs'], query: getPacks, staleTime: 60_000 });
}

/** Reads all of it anew, after a change; and the invoices. */
export function useCreditsRefresh(): () => Promise<void> {
  const session = useSessionStore();
  const cache = useQueryCache();
  return async () => {
    const of = (name: string) => ({ key: ['tenant', session.user?.id ?? '', name] });
    void cache.invalidateQueries(of('payments'));
    await cache.invalidateQueries(of('credits'));
  };
}
