import { watch } from 'vue';
import type { ResourceType } from '../../domain/quota.ts';
import { useSubscriptionStore } from '../stores/subscription.ts';

/** Asked again after this long even when the figures have not moved. */
const ASK_AGAIN_MS = 5_000;

export interface Holds {
  /** Resolves when less of `resource` is held than now, or after a while; rejects when aborted. */
  untilFewer(resource: ResourceType, signal: AbortSignal): Promise<void>;
}

/** What answers under way keep of the quota, as the live figures have it. */
export function useHolds(): Holds {
  const subscription = useSubscriptionStore();
  return {
    untilFewer: (resource, signal) =>
      new Promise((resolve, reject) => {
        const held = () => subscription.resource(resource)?.held ?? 0;
        // The figures may not have heard of the hold yet that was in the way.
        let last = held();
        const end = (done: () => void) => {
          clearTimeout(timer);
          stop();
          signal.removeEventListener('abort', abort);
          done();
        };
        const abort = () => end(() => reject(signal.reason as Error));
        const timer = setTimeout(() => end(resolve), ASK_AGAIN_MS);
        const stop = watch(held, (now) => {
          if (now < last) end(resolve);
          last = now;
        });
        signal.addEventListener('abort', abort);
      }),
  };
}
