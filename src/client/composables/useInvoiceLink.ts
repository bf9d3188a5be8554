import { useText } from './useText.ts';

/** The address of a hosted invoice, which is shown in the language of the page that leads there. */
export function useInvoiceLink(): (url: string) => string {
  const { language } = useText();
  return (url) => {
    const address = new URL(url);
    address.searchParams.set('locale', language.value === 'zh-CN' ? 'zh' : 'en');
    return address.href;
  };
}
