import { html } from 'hono/html';
import { renderDocument } from '../document.ts';
import type { Html } from '../document.ts';
import type { Page } from '../page.ts';

/** What every page of the portal has in common. */
export interface PortalFrame {
  page: Page;
  /** `/p/session/bps_…`. */
  path: string;
  merchant: string;
  returnUrl: string | null;
  /** What has just been done, said once at the top. */
  notice: { kind: 'good' | 'bad'; text: string } | null;
}

export function renderPortal(frame: PortalFrame, title: string, body: Html): Html {
  const { portal } = frame.page.words;
  return renderDocument({
    page: frame.page,
    title: `${title} · ${frame.merchant}`,
    merchant: frame.merchant,
    width: 'medium',
    body: html`<div class="stack-l">
      ${
        frame.returnUrl === null
          ? ''
          : html`<p>
              <a class="small" href="${frame.returnUrl}">← ${portal.returnTo(frame.merchant)}</a>
            </p>`
      }
      ${
        frame.notice === null
          ? ''
          : html`<div
              class="notice ${frame.notice.kind}"
              role="${frame.notice.kind === 'bad' ? 'alert' : 'status'}"
            >
              ${frame.notice.text}
            </div>`
      }
      ${body}
    </div>`,
  });
}

/** The link that leaves a step without doing anything. */
export function renderWayBack(label: string, href: string | null): Html | string {
  return href === null ? '' : html`<a class="button plain" href="${href}">${label}</a>`;
}
