import { useQuery } from '@pinia/colada';
import { computed } from 'vue';
import { listConversations } from '../services/conversations.api.ts';
import { useSessionStore } from '../stores/session.ts';

/** Under which the list is kept for a reader. */
export const conversationsKey = (userId: string | undefined) => [
  'tenant',
  userId ?? '',
  'conversations',
];

/** The reader's conversations, the last talked in first. */
export function useConversations() {
  const session = useSessionStore();
  const query = useQuery({
    key: () => conversationsKey(session.user?.id),
    query: listConversations,
    enabled: () => session.isSignedIn,
  });
  return { ...query, conversations: computed(() => query.data.value ?? []) };
}
