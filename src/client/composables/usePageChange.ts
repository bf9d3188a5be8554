import { nextTick, watchEffect } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import { useText } from './useText.ts';

/** Names the page in the title, and after a change of page puts the focus on its heading. */
export function usePageChange(): void {
  const route = useRoute();
  const router = useRouter();
  const { t } = useText();

  watchEffect(() => {
    const product = t('shell.product');
    document.title = route.meta.title ? `${t(route.meta.title)} · ${product}` : product;
  });

  router.afterEach(async (to, from, failure) => {
    // The first page of a visit keeps the browser's own start of focus.
    if (failure || from.matched.length === 0 || to.path === from.path) return;
    await nextTick();
    const heading = document.querySelector<HTMLElement>('main h1');
    heading?.setAttribute('tabindex', '-1');
    heading?.focus({ preventScroll: true });
  });
}
