import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import { qrPng } from './qr.ts';
import type { Wallet } from './wallets.ts';

/** The page that stands for the wallet's app, where a payment is authorized or refused. */
export function walletUrl(ctx: Context, intent: string): string {
  return `${ctx.baseUrl}/wallet/${intent}`;
}

/** What WeChat's app would read from the code of this payment. */
export function qrText(intent: Stripe.PaymentIntent): string {
  return intent.next_action?.wechat_pay_display_qr_code?.data ?? '';
}

/** Where the payer goes from here: to Alipay, or to a code that WeChat scans. */
export function walletAction(
  ctx: Context,
  wallet: Wallet,
  intent: string,
  returnUrl: string | null,
): Stripe.PaymentIntent.NextAction {
  const url = walletUrl(ctx, intent);
  if (wallet === 'alipay') {
    return {
      type: 'alipay_handle_redirect',
      alipay_handle_redirect: {
        native_data: null,
        native_url: null,
        return_url: returnUrl,
        url,
      },
    };
  }
  const data = `weixin://wxpay/bizpayurl?pr=${ctx.newText(9)}`;
  return {
    type: 'wechat_pay_display_qr_code',
    wechat_pay_display_qr_code: {
      data,
      hosted_instructions_url: url,
      image_data_url: `data:image/png;base64,${qrPng(data).toString('base64')}`,
      image_url_png: `${url}/qr.png`,
      image_url_svg: `${url}/qr.svg`,
    },
  };
}
