import type { Context as HonoContext } from 'hono';
import type { FormValues } from './card-form.ts';
import { renderMessage } from './document.ts';
import type { Html } from './document.ts';
import { pageFor } from './page.ts';
import type { Page } from './page.ts';

const maxFields = 100;
const maxFieldLength = 5000;

/** The page context for this request: Stripe's `locale` first, else the browser's language. */
export function pageOf(c: HonoContext, locale: string | null | undefined): Page {
  return pageFor(locale, c.req.header('accept-language'));
}

/** The text fields of a posted form; files and what is absurdly long are left out. */
export async function readForm(c: HonoContext): Promise<FormValues> {
  const values: FormValues = {};
  if (Number(c.req.header('content-length') ?? 0) > 100_000) return values;
  const fields = new URLSearchParams(await c.req.text());
  for (const [name, value] of fields) {
    if (Object.keys(values).length >= maxFields) break;
    if (value.length <= maxFieldLength) values[name] = value;
  }
  return values;
}

/** The page for an address that leads nowhere; for programs at the control interface, JSON. */
export async function notFound(c: HonoContext): Promise<Response> {
  const { method, path } = c.req;
  const wantsJson = (c.req.header('accept') ?? '').includes('json');
  if (path.startsWith('/_control/') && (method !== 'GET' || wantsJson)) {
    return c.json({ error: { code: 'not_found', message: `No ${method} ${path} here.` } }, 404);
  }
  const page = pageOf(c, null);
  const body = renderMessage({
    page,
    merchant: 'Local Stripe',
    mark: 'plain',
    title: page.words.notFoundTitle,
    text: page.words.notFoundText,
  });
  return show(c, body, 404);
}

export async function show(
  c: HonoContext,
  body: Html,
  status: 200 | 400 | 402 | 403 | 404 | 409 | 500 | 503 = 200,
): Promise<Response> {
  return c.html(await body, status);
}
