import type Stripe from 'stripe';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Context } from '../../kernel/types.ts';
import { doneKinds } from '../../portal/finish.ts';
import type { DoneKind } from '../../portal/finish.ts';
import type { Page } from '../page.ts';
import type { PortalFrame } from './frame.ts';

/** One request to the portal: whose it is, what is allowed, on whose clock. */
export interface PortalVisit {
  kernel: Kernel;
  ctx: Context;
  page: Page;
  session: Stripe.BillingPortal.Session;
  configuration: Stripe.BillingPortal.Configuration;
  features: Stripe.BillingPortal.Configuration.Features;
  path: string;
  /** `?done=` and the error of a step that did not work. */
  done: string | null;
  error: string | null;
}

export function frameOf(visit: PortalVisit): PortalFrame {
  const { page, session, path } = visit;
  return {
    page,
    path,
    merchant: visit.ctx.businessName,
    returnUrl: session.return_url,
    notice: noticeOf(visit),
  };
}

function noticeOf({ page, done, error }: PortalVisit): PortalFrame['notice'] {
  if (error !== null) return { kind: 'bad', text: error };
  const kind = doneKinds.find((known) => known === done);
  return kind === undefined ? null : { kind: 'good', text: doneText(page, kind) };
}

export function doneText(page: Page, done: DoneKind): string {
  const { portal } = page.words;
  const texts: Record<DoneKind, string> = {
    canceled: portal.doneCanceled,
    resumed: portal.doneResumed,
    updated: portal.doneUpdated,
    scheduled: portal.doneScheduled,
    card: portal.doneCard,
    removed: portal.doneRemoved,
    default: portal.doneDefault,
    details: portal.doneDetails,
    paused: portal.donePaused,
    unpaused: portal.doneResumed,
    offer: portal.doneOffer,
  };
  return texts[done];
}

/** Where "go back" leads: home, or out of the portal where the session is for one flow alone. */
export function backUrlOf({ ctx, session, path }: PortalVisit): string | null {
  const isInFlow = session.flow !== null && !ctx.store.get('_portal', session.id).flowDone;
  return isInFlow ? session.return_url : path;
}
