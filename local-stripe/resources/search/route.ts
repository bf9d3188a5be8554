import { invalidRequest } from '../../kernel/errors.ts';
import type { Kind } from '../../kernel/kinds.ts';
import type { Context, Params, Route } from '../../kernel/types.ts';
import { matcherOf } from './match.ts';
import { parseQuery } from './query.ts';

/**
 * `GET <path>/search`. What was written can be found at once; at Stripe it can be up to a minute
 * later, so nothing that must be right may be read back this way.
 */
export function searchRoute(kind: Kind, path: string): Route {
  const url = `${path}/search`;
  return {
    method: 'GET',
    path: url,
    handle: (ctx, params) => search(ctx, kind, url, params),
  };
}

function search(ctx: Context, kind: Kind, url: string, params: Params): object {
  const matches = matcherOf(kind, parseQuery(String(params.query)));
  const limit = (params.limit as number | undefined) ?? 10;
  const start = readPage(params.page as string | undefined);
  const found: object[] = [];
  for (const object of ctx.store.newestFirst(kind)) if (matches(object)) found.push(object);
  const end = start + limit;
  return {
    object: 'search_result',
    data: found.slice(start, end),
    has_more: found.length > end,
    next_page: found.length > end ? Buffer.from(String(end)).toString('base64url') : null,
    url,
  };
}

/** A page is named by where it begins. The name means nothing to the caller. */
function readPage(page: string | undefined): number {
  if (page === undefined) return 0;
  const start = Number(Buffer.from(page, 'base64url').toString('latin1'));
  if (!Number.isSafeInteger(start) || start < 1) throw invalidRequest('Invalid page.', 'page');
  return start;
}
