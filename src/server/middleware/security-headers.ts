import { createMiddleware } from 'hono/factory';
import { secureHeaders } from 'hono/secure-headers';
import type { AppEnv } from '../app-env.ts';

/**
 * Headers that keep a page's visitors safe. Everything comes from our own origin; styles may be
 * inline, because charts and the component library set them; pictures may be `data:` URLs, because
 * generated ones are. `https` tells browsers to stay with TLS. A script or style of ours is no page:
 * it needs none of what protects pages, and there are dozens of them.
 */
export function securityHeaders(appUrl: string) {
  const https = appUrl.startsWith('https:');
  const ofPages = secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'self'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:', 'blob:'],
      fontSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      objectSrc: ["'none'"],
      baseUri: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: 'DENY',
    referrerPolicy: 'strict-origin-when-cross-origin',
    strictTransportSecurity: https ? 'max-age=31536000; includeSubDomains' : false,
  });
  return createMiddleware<AppEnv>(async (c, next) => {
    if (!c.req.path.startsWith('/assets/')) return ofPages(c, next);
    await next();
    c.header('X-Content-Type-Options', 'nosniff');
  });
}
