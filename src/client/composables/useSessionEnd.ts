import { useRoute, useRouter } from 'vue-router';
import { useConversationStore } from '../stores/conversation.ts';
import { usePaywallStore } from '../stores/paywall.ts';
import { useSessionStore } from '../stores/session.ts';

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
    const query = why === 'expired' ? { next: route.fullPath, expired: '1' } : {};
    void router.replace({ name: 'login', query });
  });
}
