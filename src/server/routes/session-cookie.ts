import type { Context as HonoContext } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { AppEnv } from '../app-env.ts';
import { REFRESH_TOKEN_TTL_SECONDS } from '../services/accounts/refresh-decision.ts';

const COOKIE = 'squaretable_refresh';

/** The cookie that carries the refresh token: for `/api/auth` alone, and for no script. */
export function sessionCookie(appUrl: string) {
  const cookie = {
    httpOnly: true,
    sameSite: 'Lax',
    secure: appUrl.startsWith('https:'),
    path: '/api/auth',
  } as const;
  return {
    read: (c: HonoContext<AppEnv>): string | undefined => getCookie(c, COOKIE),
    write: (c: HonoContext<AppEnv>, refreshToken: string): void =>
      setCookie(c, COOKIE, refreshToken, { ...cookie, maxAge: REFRESH_TOKEN_TTL_SECONDS }),
    clear: (c: HonoContext<AppEnv>): void => void deleteCookie(c, COOKIE, cookie),
  };
}
