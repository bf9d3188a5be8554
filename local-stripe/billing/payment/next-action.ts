import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import { walletUrl } from './wallet-action.ts';

/** The page where the bank (or the wallet) asks; the same for payments and setups. */
export function challengeUrl(ctx: Context, intent: string): string {
  const { next_action } = ctx.store.find('payment_intent', intent) ?? {};
  const isWallets =
    next_action?.alipay_handle_redirect ?? next_action?.wechat_pay_display_qr_code ?? null;
  if (isWallets !== null) return walletUrl(ctx, intent);
  return `${ctx.baseUrl}/3ds/${intent}`;
}

export function nextAction(
  ctx: Context,
  intent: string,
  returnUrl: string | null,
): Stripe.PaymentIntent.NextAction & Stripe.SetupIntent.NextAction {
  if (returnUrl !== null) {
    const url = challengeUrl(ctx, intent);
    return { type: 'redirect_to_url', redirect_to_url: { return_url: returnUrl, url } };
  }
  const sdk = { type: 'three_d_secure_redirect', stripe_js: challengeUrl(ctx, intent) };
  return {
    type: 'use_stripe_sdk',
    use_stripe_sdk: sdk as Stripe.PaymentIntent.NextAction.UseStripeSdk,
  };
}
