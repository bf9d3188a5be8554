import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from './app-env.ts';
import { OPERATOR_COOKIE } from './middleware/operator.ts';

const ABOUT = `Multi-tenant AI chat with subscriptions and exact usage limits.

Errors have one shape, \`{error, code, requestId, details}\`; programs read \`code\`. A gate answers
403 \`upgrade_required\` with the plans that have the feature, a quota 429 \`quota_exceeded\` with the
plans that include more, and \`Retry-After\` with the seconds until the month ends.`;

/** The whole app as OpenAPI 3.1; call it when every route is mounted. */
export function describeApi(app: OpenAPIHono<AppEnv>, appUrl: string) {
  const registry = app.openAPIRegistry;
  registry.registerComponent('securitySchemes', 'accessToken', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The `accessToken` of a sign-in; it lives 15 minutes.',
  });
  registry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'sqk_…',
    description: 'A key of `POST /api/api-keys`. Every request counts 1 `api_calls`.',
  });
  registry.registerComponent('securitySchemes', 'operatorSession', {
    type: 'apiKey',
    in: 'cookie',
    name: OPERATOR_COOKIE,
    description: 'A session of the operator’s page, of `POST /api/admin/session`.',
  });
  registry.registerComponent('securitySchemes', 'ingestToken', {
    type: 'http',
    scheme: 'bearer',
    description: '`USAGE_INGEST_TOKEN`, for other services of the platform.',
  });
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Small Squaretable', version: '0.1.0', description: ABOUT },
    servers: [{ url: appUrl }],
  });
}
