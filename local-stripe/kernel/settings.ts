import type { SettingsRow } from './rows.ts';
import type { Store } from './store.ts';

const defaultSettings: SettingsRow = {
  id: 'settings',
  chaos: { duplicate: 0, shuffle: 0, drop: 0, delayMs: 0, failNext: [], fired: [] },
};

export function readSettings(store: Store): SettingsRow {
  return store.find('_settings', 'settings') ?? defaultSettings;
}

/** Changes the switches; inside a transaction. */
export function changeChaos(store: Store, change: Partial<SettingsRow['chaos']>): SettingsRow {
  const { chaos, ...rest } = readSettings(store);
  return store.put('_settings', { ...rest, chaos: { ...chaos, ...change } });
}
