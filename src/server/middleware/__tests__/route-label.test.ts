import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { routeLabel } from '../route-label.ts';

test.each([
  ['a route', '/api/teams/7', '/api/teams/:id'],
  ['a page of the app', '/pages/anything', 'other'],
  ['what no route took', '/wp-login.php', 'other'],
])('%s is counted by its pattern, never by its address', async (_what, path, label) => {
  const labels: string[] = [];
  const app = new Hono()
    .use(async (c, next) => {
      await next();
      labels.push(routeLabel(c));
    })
    .get('/api/teams/:id', (c) => c.text('here'))
    .get('/pages/*', (c) => c.text('here'));
  await app.request(path);
  expect(labels).toEqual([label]);
});
