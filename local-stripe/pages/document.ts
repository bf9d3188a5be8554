import { html } from 'hono/html';
import type { Page } from './page.ts';

/** Escaped HTML, as hono's tagged template makes it. Strings put into one are escaped again. */
export type Html = ReturnType<typeof html>;

export interface DocumentOptions {
  page: Page;
  title: string;
  merchant: string;
  /** Where the merchant's name leads; nothing for no link. */
  home?: string | null;
  width?: 'narrow' | 'medium' | 'wide' | 'roomy';
  body: Html;
}

/** The frame around every page: head, merchant's name, the test badge, the main part, the foot. */
export function renderDocument(options: DocumentOptions): Html {
  const { page, title, merchant, home, width, body } = options;
  const { words } = page;
  return html`<!doctype html>
    <html lang="${page.language === 'zh' ? 'zh-CN' : 'en'}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/_assets/style.css" />
        <script src="/_assets/page.js" defer></script>
      </head>
      <body>
        <a class="skip" href="#main">${words.skipToContent}</a>
        <header class="top">
          <div class="top-inner ${width ?? ''}">
            ${
              home
                ? html`<a class="merchant" href="${home}">${merchant}</a>`
                : html`<span class="merchant">${merchant}</span>`
            }
            <span class="badge warn">${words.testMode}</span>
          </div>
        </header>
        <main id="main" class="${width ?? ''}">${body}</main>
        <footer class="foot">${words.footer}</footer>
      </body>
    </html>`;
}

/** A page that says one thing: an end state, an error, a confirmation; `actions` are links or forms. */
export function renderMessage(options: {
  page: Page;
  merchant: string;
  mark: 'good' | 'bad' | 'plain';
  title: string;
  text?: string | null;
  actions?: Html | null;
}): Html {
  const sign = { good: '✓', bad: '!', plain: '–' }[options.mark];
  return renderDocument({
    page: options.page,
    title: options.title,
    merchant: options.merchant,
    width: 'narrow',
    body: html`<div class="card stack">
      <div class="mark ${options.mark}" aria-hidden="true">${sign}</div>
      <h1>${options.title}</h1>
      ${options.text ? html`<p>${options.text}</p>` : ''}
      ${options.actions ? html`<div class="row">${options.actions}</div>` : ''}
    </div>`,
  });
}
