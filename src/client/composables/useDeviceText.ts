import type { DeviceView } from '../../domain/api.ts';
import { useText } from './useText.ts';

/** The name of a device in plain words, as "Firefox on Windows". */
export function useDeviceText(): (device: DeviceView) => string {
  const { t } = useText();
  return ({ browser, system }) => {
    if (browser === null && system === null) return t('account.sessions.unknownDevice');
    if (system === null) return browser!;
    const known = browser ?? t('account.sessions.unknownBrowser');
    return t('account.sessions.device', { browser: known, system });
  };
}
