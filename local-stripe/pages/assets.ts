import { readFileSync } from 'node:fs';
import { Hono } from 'hono';

const types: Record<string, string> = {
  'style.css': 'text/css; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
};

/** The two files every page loads, from this machine alone. */
export function assetRoutes(): Hono {
  const app = new Hono();
  for (const [name, type] of Object.entries(types)) {
    app.get(`/_assets/${name}`, (c) => {
      const text = readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8');
      return c.body(text, 200, { 'content-type': type, 'cache-control': 'no-cache' });
    });
  }
  return app;
}
