import { useQuery, useQueryCache, type UseQueryReturn } from '@pinia/colada';
import type { LimitsView } from '../../domain/billing/spending/limits-view.ts';
import { getLimits } from '../services/limits.api.ts';
import { useSessionStore } from '../stores/session.ts';

/** What the team may use and be billed for afterwards; `refresh` reads it and the credits anew. */
export function useLimits(): { query: UseQueryReturn<LimitsView>; refresh: () => Promise<void> } {
  const session = useSessionStore();
  const cache = useQueryCache();
  const key = () => ['tenant', session.user?.id ?? '', 'credits'];
  return {
    query: useQuery<LimitsView>({ key: () => [...key(), 'limits'], query: getLimits }),
    refresh: async () => {
      await cache.invalidateQueries({ key: key() });
    },
  };
}
