import { useRoute, useRouter } from 'vue-router';
import { useConversationStore } from '../stores/conversation.ts';
import { usePaywallStore } from '../stores/paywall.ts';
import { useSessionStore, type SessionEndReason } from '../stores/session.ts';

/** What the login says of it, and where it leads from there. */
function queryOf(why: SessionEndReason, address: string): Record<string, string> {
  switch (why) {
    case 'expired':
      return { next: address, expired: '1' };
    case 'account_deleted':
      return { deleted: 'account' };
    case 'team_deleted':
      return { deleted: 'team' };
    case 'elsewhere':
    case 'logout':
      return {};
  }
}

/** A session that ran out leads to the login and back again; one that was ended just to the login. */
export function useSessionEnd(): void {
  const route = useRoute();
  const router = useRouter();
  const session = useSessionStore();
  const paywall = usePaywallStore();
  const conversation = useConversationStore();

  session.whenLost((why) => {
    paywall.close();
    if (why !== 'expired') conversation.forget();
    if (route.meta.isPublic || route.meta.isOpen) return;
    void router.replace({ name: 'login', query: queryOf(why, route.fullPath) });
  });
}
