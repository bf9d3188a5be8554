import type { SettingsRow } from './rows.ts';
import type { Store } from './store.ts';

const day = 86_400;

/** As an account comes: eight attempts within two weeks, then the subscription is canceled. */
export const defaultSettings: SettingsRow = {
  id: 'settings',
  retry: { attempts: 8, spacingSeconds: 2 * day, final: 'cancel' },
  invoiceRetry: { attempts: 8, spacingSeconds: 2 * day, final: 'open' },
  upcomingDays: 7,
  delayedPayments: { seconds: 0, outcome: 'succeeded' },
  tax: { country: 'US', registrations: null },
  chaos: { duplicate: 0, shuffle: 0, drop: 0, delayMs: 0, failNext: [], fired: [] },
};

export function readSettings(store: Store): SettingsRow {
  // What an older state does not know is as an account comes.
  return { ...defaultSettings, ...store.find('_settings', 'settings') };
}

/** Changes some settings; inside a transaction. */
export function changeSettings(
  store: Store,
  change: Partial<Omit<SettingsRow, 'id'>>,
): SettingsRow {
  return store.put('_settings', { ...readSettings(store), ...change });
}
