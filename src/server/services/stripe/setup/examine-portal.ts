import type { Stripe } from 'stripe';
import { fault, well, type Finding } from '../../operations/doctor/faults.ts';
import type { StripeAccess } from '../client/client.ts';
import { isMissing } from '../client/errors.ts';
import { findPortalConfiguration } from './portal.ts';

const SUBJECT = 'Customer portal configuration';

/** Looks whether what customers may do in the portal is what our own pages do. */
export async function examinePortal(stripe: Stripe, access: StripeAccess): Promise<Finding> {
  const id = access.portalConfiguration;
  const configuration = id ? await findById(stripe, id) : await findPortalConfiguration(stripe);
  if (!configuration) {
    const what = id ? `This account has no ${id}.` : 'There is none of ours.';
    return fault(SUBJECT, 'portal_missing', what);
  }
  if (!configuration.active) {
    return fault(SUBJECT, 'portal_inactive', `${configuration.id} is not active.`);
  }
  const { subscription_update: update, subscription_cancel: cancel } = configuration.features;
  if (update.enabled && update.proration_behavior !== 'always_invoice') {
    return fault(SUBJECT, 'portal_upgrades_uncharged', 'Upgrades there are not charged at once.');
  }
  if (update.enabled && (update.schedule_at_period_end?.conditions.length ?? 0) < 2) {
    return fault(SUBJECT, 'portal_downgrades_at_once', 'Downgrades there take effect at once.');
  }
  if (cancel.enabled && cancel.mode !== 'at_period_end') {
    return fault(SUBJECT, 'portal_cancels_at_once', 'Cancelling there ends a plan that is paid.');
  }
  return well(SUBJECT);
}

async function findById(stripe: Stripe, id: string) {
  try {
    return await stripe.billingPortal.configurations.retrieve(id);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
