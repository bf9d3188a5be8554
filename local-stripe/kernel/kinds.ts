import type { DeliveryRow, DueRow, EventRow, IdempotencyRow, SettingsRow } from './rows.ts';

/**
 * What the store holds: one entry a collection. Here stands what the kernel itself works with; each
 * room adds its own in its `kinds.ts` (`declare module '../kernel/kinds.ts'`), typed as the SDK types
 * the object, references being ids. Entries with a leading underscore are our own records and never
 * leave over the API.
 */
export interface Kinds {
  _deleted: { id: string; object: string; deleted: true };
  _delivery: DeliveryRow;
  _due: DueRow;
  _event: EventRow;
  _idempotency: IdempotencyRow;
  _settings: SettingsRow;
}

export type Kind = keyof Kinds;
