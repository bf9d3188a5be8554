import type { Step } from './in-one-step.ts';
import { presetHeaders } from './preset-headers.ts';

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

const OF_FILES = [['X-Content-Type-Options', 'nosniff']] as const;

/** Also for who opens an answer of the API in a browser, or puts it into a page. */
const OF_ANSWERS = [
  ...OF_FILES,
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Referrer-Policy', 'strict-origin-when-cross-origin'],
  ['X-Frame-Options', 'DENY'],
] as const;

const OF_PAGES = [
  ...OF_ANSWERS,
  ['Content-Security-Policy', CONTENT_SECURITY_POLICY],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Origin-Agent-Cluster', '?1'],
  ['X-DNS-Prefetch-Control', 'off'],
  ['X-Download-Options', 'noopen'],
  ['X-Permitted-Cross-Domain-Policies', 'none'],
  ['X-XSS-Protection', '0'],
] as const;

/** Browsers stay with TLS for a year. */
const WITH_TLS = [['Strict-Transport-Security', 'max-age=31536000; includeSubDomains']] as const;

/**
 * Headers that keep a page's visitors safe, as Helmet and Hono choose them; everything comes from our
 * own origin. What is no page needs none of what protects pages alone: scripts and styles, of which
 * there are dozens, and answers of the API, of which there are many thousands a second.
 */
export function securityHeaders(appUrl: string): Step {
  const tls = appUrl.startsWith('https:') ? WITH_TLS : [];
  const [ofAnswers, ofPages] = [
    [...OF_ANSWERS, ['Content-Security-Policy', CSP_OF_ANSWERS] as const, ...tls],
    [...OF_PAGES, ...tls],
  ];
  return (c) => {
    const { path } = c.req;
    if (path.startsWith('/assets/')) presetHeaders(c, OF_FILES);
    else presetHeaders(c, NO_PAGES.test(path) ? ofAnswers : ofPages);
  };
}

const NO_PAGES = /^\/(api\/(?!docs)|webhooks\/|healthz|readyz|metrics)/;
