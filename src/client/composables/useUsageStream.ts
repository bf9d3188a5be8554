import { onScopeDispose, watch } from 'vue';
import { useDocumentVisibility } from '@vueuse/core';
import { followUsage } from '../services/usage-stream.ts';
import { useSessionStore } from '../stores/session.ts';
import { useSubscriptionStore } from '../stores/subscription.ts';

/** Keeps figures and plan of today on every page, while the tab is seen. */
export function useUsageStream(): void {
  const session = useSessionStore();
  const subscription = useSubscriptionStore();
  const visibility = useDocumentVisibility();
  let line: AbortController | undefined;

  watch(
    () => session.isSignedIn && visibility.value === 'visible' && session.user?.id,
    (isWanted) => {
      line?.abort();
      line = undefined;
      if (!isWanted) return;
      const opened = new AbortController();
      line = opened;
      void followUsage((usage) => {
        if (!opened.signal.aborted) subscription.receiveUsage(usage);
      }, opened.signal);
    },
    { immediate: true },
  );
  onScopeDispose(() => line?.abort());
}
