import type { Step } from './in-one-step.ts';
import { presetHeaders, type PresetHeaders } from './preset-headers.ts';

const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  // Charts and the component library set them in the page.
  "style-src 'self' 'unsafe-inline'",
  // Generated pictures are `data:` URLs.
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** What is no page loads nothing and stands in no frame; short, for it goes with every answer. */
const CSP_OF_ANSWERS = "default-src 'none'; frame-ancestors 'none'";

/** Of what no browser shows by itself: scripts, styles, and what programs alone are answered. */
const OF_FILES: PresetHeaders = { 'x-content-type-options': 'nosniff' };

/** Also for who opens an answer in a browser, or puts it into a page. */
const OF_SHOWN: PresetHeaders = {
  ...OF_FILES,
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'strict-origin-when-cross-origin',
  'x-frame-options': 'DENY',
};

/** What the API says is somebody's own, and kept nowhere, unless a route says otherwise. */
const OF_ANSWERS: PresetHeaders = {
  ...OF_SHOWN,
  'cache-control': 'no-store',
  'content-security-policy': CSP_OF_ANSWERS,
};

const OF_PAGES: PresetHeaders = {
  ...OF_SHOWN,
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
};

/** Browsers stay with TLS for a year. */
const WITH_TLS: PresetHeaders = {
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
};

/**
 * Headers that keep a page's visitors safe, as Helmet and Hono choose them; everything comes from our
 * own origin. What is no page needs none of what protects pages alone: scripts and styles, of which
 * there are dozens, and answers of the API. What other services meter, many thousands of times a
 * second, is told to who shows a token that no browser has.
 */
export function securityHeaders(appUrl: string): Step {
  const tls = appUrl.startsWith('https:') ? WITH_TLS : {};
  const [ofFiles, ofAnswers, ofPages] = [
    { ...OF_FILES, ...tls },
    { ...OF_ANSWERS, ...tls },
    { ...OF_PAGES, ...tls },
  ];
  return (c) => {
    const { path } = c.req;
    if (OF_NO_BROWSER.test(path)) presetHeaders(c, ofFiles);
    else presetHeaders(c, NO_PAGES.test(path) ? ofAnswers : ofPages);
  };
}

const OF_NO_BROWSER = /^\/(assets\/|api\/usage\/(events|reservations)(\/|$))/;
const NO_PAGES = /^\/(api\/(?!docs)|webhooks\/|healthz|readyz|metrics)/;
