import { Hono } from 'hono';
import type { Context as HonoContext } from 'hono';
import type { LocalStripe } from '../../kernel/local-stripe.ts';
import type { Html } from '../document.ts';
import { notFound, pageOf, show } from '../visitor.ts';
import { panelActions } from './actions.ts';
import { renderCustomer, renderCustomers } from './customers.ts';
import { renderEvent, renderEvents } from './events.ts';
import type { PanelVisit } from './frame.ts';
import { renderInvoices } from './invoices.ts';
import { readNotice } from './notice.ts';
import { renderOverview } from './overview.ts';
import { renderSettings } from './settings.ts';
import { renderSubscriptions } from './subscriptions.ts';

/** The control panel for people: `/_control`. */
export function panelRoutes(getLocal: () => LocalStripe): Hono {
  const app = new Hono();
  const page = (path: string, render: (visit: PanelVisit, c: HonoContext) => Html | null): void => {
    app.get(path, (c) => {
      const body = render(visitOf(c, getLocal()), c);
      return body === null ? notFound(c) : show(c, body);
    });
  };
  page('/_control', renderOverview);
  page('/_control/customers', (visit, c) => renderCustomers(visit, c.req.query('q') ?? ''));
  page('/_control/customers/:id', (visit, c) => {
    const customer = visit.local.kernel.store.find('customer', c.req.param('id') ?? '');
    return customer === undefined ? null : renderCustomer(visit, customer);
  });
  page('/_control/subscriptions', renderSubscriptions);
  page('/_control/invoices', renderInvoices);
  page('/_control/events', renderEvents);
  page('/_control/events/:id', (visit, c) => {
    const event = visit.local.kernel.store.find('_event', c.req.param('id') ?? '');
    return event === undefined ? null : renderEvent(visit, event);
  });
  page('/_control/settings', renderSettings);
  app.get('/_control/portal', (c) => c.redirect('/_control/settings#portal'));
  app.route('/', panelActions(getLocal));
  return app;
}

function visitOf(c: HonoContext, local: LocalStripe): PanelVisit {
  const page = pageOf(c, null);
  const url = new URL(c.req.url);
  const notice = readNotice(page, url.searchParams, local.kernel.now());
  url.searchParams.delete('done');
  url.searchParams.delete('error');
  return { local, page, here: `${url.pathname}${url.search}`, notice };
}
