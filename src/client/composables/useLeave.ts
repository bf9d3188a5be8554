import { onScopeDispose, ref, type Ref } from 'vue';

/**
 * Leaves for Stripe's pages. `isLeaving` stays true until the browser is gone, so that a second
 * click sends nothing, and is false again when the reader comes back by the Back button.
 */
export function useLeave(): { isLeaving: Ref<boolean>; leave(url: string): void } {
  const isLeaving = ref(false);
  const recover = () => {
    isLeaving.value = false;
  };
  window.addEventListener('pageshow', recover);
  onScopeDispose(() => window.removeEventListener('pageshow', recover));
  return {
    isLeaving,
    leave(url) {
      isLeaving.value = true;
      location.assign(url);
    },
  };
}
