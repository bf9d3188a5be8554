import { computed, ref, shallowRef, type ComputedRef, type ShallowRef } from 'vue';
import type { ApiProblem } from '../services/api-problem.ts';
import { useAction } from './useAction.ts';

export interface Pages<T> {
  items: ShallowRef<T[]>;
  /** Whether all that was asked for came, and there is nothing. */
  isEmpty: ComputedRef<boolean>;
  hasMore: ComputedRef<boolean>;
  isBusy: ReturnType<typeof useAction>['isBusy'];
  problem: ShallowRef<ApiProblem | null>;
  /** The next page behind those that are there. */
  more(): Promise<unknown>;
  /** From the first page on, as after another search; also while a page is under way, which is then dropped. */
  restart(): Promise<unknown>;
}

/** A list that comes a page at a time: `read` answers a page and where the next one begins. */
export function usePages<T>(
  read: (cursor: string | null) => Promise<{ items: T[]; nextCursor: string | null }>,
): Pages<T> {
  const items = shallowRef<T[]>([]);
  const cursor = ref<string | null>(null);
  const isRead = ref(false);
  // Whatever is under way was asked for before it, and is not what is wanted any more.
  let isRestarted = false;
  const action = useAction(async (isFirst: boolean) => {
    const page = await read(isFirst ? null : cursor.value);
    if (isRestarted) return;
    items.value = isFirst ? page.items : [...items.value, ...page.items];
    cursor.value = page.nextCursor;
    isRead.value = true;
  });
  async function restart(): Promise<void> {
    isRestarted = true;
    while (isRestarted && !action.isBusy.value) {
      isRestarted = false;
      await action.run(true);
    }
  }
  return {
    items,
    isEmpty: computed(() => isRead.value && items.value.length === 0),
    hasMore: computed(() => !isRead.value || cursor.value !== null),
    isBusy: action.isBusy,
    problem: action.problem,
    more: async () => {
      await action.run(!isRead.value);
      if (isRestarted) await restart();
    },
    restart,
  };
}
