import { useQuery } from '@pinia/colada';
import { computed } from 'vue';
import { readRunbook } from '../services/admin.api.ts';
import { useText } from './useText.ts';

/** What the runbook says of each kind of alert, in the reader's language. */
export function useRunbook() {
  const { language } = useText();
  const runbook = useQuery({
    key: () => ['admin', 'runbook', language.value],
    query: () => readRunbook(language.value),
    // It comes with the version, and each reading stands in the operators' log.
    staleTime: 3_600_000,
  });
  const entries = computed(
    () => new Map((runbook.data.value?.entries ?? []).map((one) => [one.kind as string, one])),
  );
  return {
    entryOf: (kind: string) => entries.value.get(kind),
    /** Null where the runbook is not there, or does not know the kind. */
    titleOf: (kind: string) => entries.value.get(kind)?.title.replaceAll('`', '') ?? null,
  };
}
