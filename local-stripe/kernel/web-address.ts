import { invalidRequest } from './errors.ts';

/** An absolute web address; `{CHECKOUT_SESSION_ID}` may stand anywhere behind the host. */
export function assertUrl(url: string | null, param: string): void {
  if (url === null || url === '') return;
  const isWeb = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  if (!isWeb || url.length > 5000) throw invalidRequest('Not a valid URL', param, 'url_invalid');
}
