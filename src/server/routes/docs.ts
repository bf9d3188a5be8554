import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../app-env.ts';
import { json } from './responses.ts';
import { createRouter } from './router.ts';

const SWAGGER_UI = path.dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')));

/** The only files of the package that are served. */
const ASSETS: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Small Squaretable API</title>
    <link rel="stylesheet" href="/api/docs/swagger-ui.css" />
    <link rel="icon" type="image/png" href="/api/docs/favicon-32x32.png" />
  </head>
  <body>
    <main id="reference"></main>
    <script src="/api/docs/swagger-ui-bundle.js"></script>
    <script src="/api/docs/start.js"></script>
  </body>
</html>
`;

const START = `SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  validatorUrl: null,
});
`;

const tags = ['Operation'];

const openApiRoute = createRoute({
  method: 'get',
  path: '/api/openapi.json',
  tags,
  summary: 'This document',
  responses: { 200: json(z.record(z.string(), z.unknown()), 'OpenAPI 3.1.') },
});

const docsRoute = createRoute({
  method: 'get',
  path: '/api/docs',
  tags,
  summary: 'A page to read this document with',
  responses: {
    200: { description: 'HTML.', content: { 'text/html': { schema: z.string() } } },
  },
});

type Document = ReturnType<OpenAPIHono<AppEnv>['getOpenAPI31Document']>;

/** `describe` is called once, when first asked: after every route has been mounted. */
export function docsRoutes(describe: () => Document): OpenAPIHono<AppEnv> {
  const router = createRouter();
  let document: Document | undefined;

  router.openapi(openApiRoute, (c) =>
    c.json((document ??= describe()) as unknown as Record<string, unknown>, 200),
  );
  router.openapi(docsRoute, (c) => c.html(PAGE));
  router.get('/api/docs/start.js', (c) =>
    c.body(START, 200, { 'Content-Type': 'text/javascript' }),
  );
  for (const [asset, contentType] of Object.entries(ASSETS)) {
    router.get(`/api/docs/${asset}`, async (c) =>
      c.body(await readFile(path.join(SWAGGER_UI, asset)), 200, {
        'Content-Type': contentType,
        'Cache-Control': 'public, max-age=86400',
      }),
    );
  }
  return router;
}
