import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { openDatabase } from '../../src/db/client.ts';
import type { TenantId, UserId } from '../../src/domain/ids.ts';
import type { AppEnv } from '../../src/server/app-env.ts';
import { systemClock } from '../../src/server/clock.ts';
import { requireUser } from '../../src/server/middleware/auth.ts';
import { inOneStep } from '../../src/server/middleware/in-one-step.ts';
import { requireToken } from '../../src/server/middleware/service-auth.ts';
import { AccessTokens } from '../../src/server/services/accounts/access-token.ts';
import { ceiling } from '../designs.ts';

/**
 * What Hono does by itself: the least that the product's routes can be compared with. Where the product
 * answers what is durable, so does this, by the ceiling's bare insert through the same queue.
 */
const [token, databaseUrl] = process.argv.slice(2);
const { pool } = openDatabase({ url: databaseUrl!, answerWithinMs: 60_000 });
const bare = await ceiling({ pool });
const tokens = new AccessTokens({ jwtSecret: 'of the benchmark '.repeat(3), clock: systemClock });
const access = {
  authenticate: (shown: string) => Promise.resolve({ ...tokens.verify(shown), hasSeat: true }),
};
const auth = { access };
const app = new Hono<AppEnv>();
const service = inOneStep(requireToken(token, 'USAGE_INGEST_TOKEN'));
const recorded = { status: 'recorded', used: 1, limit: 100, remaining: 99 };
app.post('/api/usage/events', service, async (c) => {
  const { events } = await c.req.json<{ events: { tenantId: string }[] }>();
  await Promise.all(events.map(({ tenantId }) => bare.call(tenantId)));
  return c.json({ results: events.map(() => recorded) }, 200);
});
app.post('/forgotten', service, async (c) => {
  const { events } = await c.req.json<{ events: unknown[] }>();
  return c.json({ results: events.map(() => recorded) }, 200);
});
app.get('/open', (c) => c.json({ status: 'ok' }, 200));
app.get('/signed', requireUser({ services: { auth } }), (c) => c.json({ status: 'ok' }, 200));

const server = createAdaptorServer({ fetch: app.fetch });
server.listen(0, '127.0.0.1', async () => {
  const accessToken = await tokens.issue({
    userId: '5e1b7c1e-1f51-4d9f-8d2b-2f0a1c1d2e3f' as UserId,
    tenantId: 'c9a646d3-9c61-4cb7-bfcd-ee2522c8f633' as TenantId,
    role: 'member',
    emailVerified: true,
  });
  process.send!({ port: (server.address() as AddressInfo).port, accessToken });
});
process.once('SIGTERM', () => process.exit(0));
