import type { TestDatabase } from '../../../../../tests/support/test-database.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { createLog } from '../../../log.ts';
import { UsageService, type UsageDeps } from '../../usage.service.ts';

/** A clock that a test sets. */
export class HandClock implements Clock {
  #now: Date;
  constructor(iso: string) {
    this.#now = new Date(iso);
  }
  now(): Date {
    return new Date(this.#now);
  }
  set(iso: string): void {
    this.#now = new Date(iso);
  }
}

export function usageService(
  database: TestDatabase,
  clock: Clock,
  options: Pick<UsageDeps, 'queues' | 'answerWithinMs'> = {},
): UsageService {
  return new UsageService({ database, clock, log: createLog('silent', false), ...options });
}
