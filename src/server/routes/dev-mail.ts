import { Hono } from 'hono';
import { html } from 'hono/html';
import type { AppEnv } from '../app-env.ts';
import type { MailService } from '../services/mail/mail.service.ts';

/** Shows mails that were kept instead of sent. Never mounted in production. */
export function devMailRoutes(mails: MailService): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  routes.get('/__dev/mail', async (c) => {
    const shown = await mails.show(100);
    if (c.req.header('accept')?.includes('application/json')) return c.json({ mails: shown });
    return c.html(
      html`<!doctype html>
        <html lang="en">
          <head>
            <meta charset="utf-8" />
            <meta name="viewport" content="width=device-width" />
            <title>Kept mails</title>
            <style>
              body {
                font: 16px/1.5 system-ui;
                max-width: 46rem;
                margin: 2rem auto;
                padding: 0 1rem;
              }
              article {
                border: 1px solid #8888;
                border-radius: 8px;
                padding: 1rem;
                margin: 1rem 0;
              }
              h2 {
                font-size: 1.1rem;
                margin: 0;
              }
              pre {
                white-space: pre-wrap;
                font: inherit;
              }
            </style>
          </head>
          <body>
            <h1>Kept mails</h1>
            ${shown.length === 0 ? html`<p>There are none yet.</p>` : ''}
            ${shown.map(
              ({ subject, text, recipient, createdAt, kind, state }) =>
                html`<article>
                  <h2>${subject}</h2>
                  <small>${recipient} · ${createdAt.toISOString()} · ${kind} · ${state}</small>
                  <pre>${text}</pre>
                </article>`,
            )}
          </body>
        </html>`,
    );
  });
  return routes;
}
