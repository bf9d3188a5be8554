import type { Context } from 'hono';
import { routePath } from 'hono/route';

/** By what a request is counted and traced once it was answered: the pattern of the route that took it, else `other`. */
export function routeLabel(c: Context): string {
  const pattern = routePath(c);
  return pattern.includes('*') ? 'other' : pattern;
}
