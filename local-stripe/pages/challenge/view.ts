import { html } from 'hono/html';
import { renderDocument } from '../document.ts';
import type { Html } from '../document.ts';
import { renderSubmit } from '../field.ts';
import type { Page } from '../page.ts';

export interface ChallengeView {
  page: Page;
  path: string;
  merchant: string;
  amount: string | null;
  card: string | null;
}

/** The bank's page of a 3D Secure challenge, where the tester plays cardholder and bank. */
export function renderChallenge(view: ChallengeView): Html {
  const { page, path } = view;
  const { challenge } = page.words;
  return renderDocument({
    page,
    title: `${challenge.title} · ${view.merchant}`,
    merchant: view.merchant,
    width: 'narrow',
    body: html`<div class="card stack-l">
      <div class="stack-s">
        <h1>${challenge.title}</h1>
        <p class="muted">${challenge.lead}</p>
      </div>
      <dl class="facts">
        ${
          view.amount === null
            ? ''
            : html`<dt>${challenge.amount}</dt>
                <dd>${view.amount}</dd>`
        }
        ${
          view.card === null
            ? ''
            : html`<dt>${challenge.card}</dt>
                <dd>${view.card}</dd>`
        }
      </dl>
      <div class="stack">
        <form method="post" action="${path}">
          <input type="hidden" name="outcome" value="complete" />
          ${renderSubmit(challenge.complete)}
        </form>
        <form method="post" action="${path}">
          <input type="hidden" name="outcome" value="fail" />
          ${renderSubmit(challenge.fail, 'full danger')}
        </form>
      </div>
    </div>`,
  });
}
