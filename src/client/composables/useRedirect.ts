import { onScopeDispose, ref, type Ref } from 'vue';

/**
 * Leaves for Stripe's pages. `isRedirecting` stays true until the browser is gone, so that a second
 * click sends nothing, and is false again when the reader comes back by the Back button.
 */
export function useRedirect(): { isRedirecting: Ref<boolean>; redirect(url: string): void } {
  const isRedirecting = ref(false);
  const recover = () => {
    isRedirecting.value = false;
  };
  window.addEventListener('pageshow', recover);
  onScopeDispose(() => window.removeEventListener('pageshow', recover));
  return {
    isRedirecting,
    redirect(url) {
      isRedirecting.value = true;
      location.assign(url);
    },
  };
}
