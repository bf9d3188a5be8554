import { html } from 'hono/html';
import type { Wallet } from '../../billing/payment/wallets.ts';
import { renderDocument } from '../document.ts';
import type { Html } from '../document.ts';
import { renderSubmit } from '../field.ts';
import type { Page } from '../page.ts';

export interface WalletView {
  page: Page;
  intent: string;
  merchant: string;
  amount: string | null;
  wallet: Wallet;
}

/** The page that stands for a wallet's app, where the tester plays its owner. */
export function renderWalletPage({ page, intent, merchant, amount, wallet }: WalletView): Html {
  const words = page.words.wallet;
  const name = words.names[wallet];
  const path = `/wallet/${intent}`;
  return renderDocument({
    page,
    title: `${words.title(name)} · ${merchant}`,
    merchant,
    width: 'narrow',
    body: html`<div class="card stack-l">
      <div class="stack-s">
        <h1>${words.title(name)}</h1>
        <p class="muted">${words.lead(name)}</p>
      </div>
      <dl class="facts">
        ${
          amount === null
            ? ''
            : html`<dt>${page.words.challenge.amount}</dt>
                <dd>${amount}</dd>`
        }
        <dt>${words.method}</dt>
        <dd>${name}</dd>
      </dl>
      ${
        wallet === 'wechat_pay'
          ? html`<div class="stack-s">
              <p class="small muted">${words.scan}</p>
              <img class="code" src="${path}/qr.svg" width="200" height="200" alt="${words.code}" />
            </div>`
          : ''
      }
      <div class="stack">
        <form method="post" action="${path}">
          <input type="hidden" name="outcome" value="complete" />
          ${renderSubmit(words.complete)}
        </form>
        <form method="post" action="${path}">
          <input type="hidden" name="outcome" value="fail" />
          ${renderSubmit(words.fail, 'full danger')}
        </form>
      </div>
    </div>`,
  });
}
