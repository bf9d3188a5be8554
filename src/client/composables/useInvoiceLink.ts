import { shortLanguage } from '../i18n/languages.ts';
import { useText } from './useText.ts';

/** The address of a hosted invoice, which is shown in the language of the page that leads there. */
export function useInvoiceLink(): (url: string) => string {
  const { language } = useText();
  return (url) => {
    const address = new URL(url);
    address.searchParams.set('locale', shortLanguage(language.value));
    return address.href;
  };
}
