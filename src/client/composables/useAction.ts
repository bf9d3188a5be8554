import { ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import { toProblem, type ApiProblem } from '../services/api-problem.ts';

export interface Action<Arguments extends unknown[], Result> {
  isBusy: Ref<boolean>;
  problem: ShallowRef<ApiProblem | null>;
  /** `undefined` when it failed, or was already under way. */
  run(...args: Arguments): Promise<Result | undefined>;
}

/** One call at a time: a second click while the first is under way does nothing. */
export function useAction<Arguments extends unknown[], Result>(
  call: (...args: Arguments) => Promise<Result>,
): Action<Arguments, Result> {
  const isBusy = ref(false);
  const problem = shallowRef<ApiProblem | null>(null);
  return {
    isBusy,
    problem,
    async run(...args) {
      if (isBusy.value) return undefined;
      isBusy.value = true;
      problem.value = null;
      try {
        return await call(...args);
      } catch (thrown) {
        problem.value = toProblem(thrown);
        return undefined;
      } finally {
        isBusy.value = false;
      }
    },
  };
}
