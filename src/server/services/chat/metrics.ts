import { Counter, type Registry } from 'prom-client';

/** Counts what was not believed of the upstream's reports of its usage. */
export function createDistrustCounter(registry: Registry): Counter<'part'> {
  return new Counter({
    name: 'chat_usage_distrusted_total',
    help: 'Reports of token usage that could not be true, by part; our own count was charged.',
    labelNames: ['part'] as const,
    registers: [registry],
  });
}
