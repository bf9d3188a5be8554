import { createSharedComposable, usePreferredDark, useStorage } from '@vueuse/core';
import { computed, watch, type ComputedRef, type Ref } from 'vue';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** The reader's choice, kept, and whether the page is dark now. `first-paint.js` reads the same key. */
export const useTheme = createSharedComposable(
  (): { theme: Ref<Theme>; isDark: ComputedRef<boolean> } => {
    const theme = useStorage<Theme>('squaretable.theme', 'system');
    const prefersDark = usePreferredDark();
    const isDark = computed(
      () => theme.value === 'dark' || (theme.value !== 'light' && prefersDark.value),
    );
    watch(isDark, (dark) => document.documentElement.classList.toggle('dark', dark), {
      immediate: true,
    });
    return { theme, isDark };
  },
);
