import { expect, test } from 'vitest';
import type { SessionView } from '../../src/domain/api.ts';
import { AccessTokens } from '../../src/server/services/accounts/access-token.ts';
import { startTestApp } from '../support/app.ts';
import { caller } from '../support/http.ts';
import { PASSWORD, speaker } from './speaker.ts';

test('9 who is asked for longer than a session lives is let in all the same', async () => {
  const jwtSecret = 'a secret of the test, thirty-two bytes or more';
  const app = await startTestApp({ JWT_SECRET: jwtSecret });
  try {
    const email = 'long-run@example.com';
    const { body } = await caller(app.url).post<SessionView>('/api/auth/register', {
      email,
      password: PASSWORD,
      tenantName: 'Round table',
    });
    const anHourAgo = { now: () => new Date(Date.now() - 3600_000) };
    const { user, tenant } = body;
    const old = await new AccessTokens({ jwtSecret, clock: anHourAgo }).issue({
      userId: user.id as never,
      tenantId: tenant.id as never,
      role: user.role,
      emailVerified: user.emailVerified,
    });
    expect((await caller(app.url, old).get('/api/subscription')).status).toBe(401);
    expect((await speaker(app.url, email, old).get('/api/subscription')).status).toBe(200);
  } finally {
    await app.stop();
  }
});
