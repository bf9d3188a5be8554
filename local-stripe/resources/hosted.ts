import { portalConfigurations, portalRows, portalSessions } from './billing-portal.ts';
import { checkoutRows, checkoutSessions } from './checkout-sessions.ts';

/** The resources that lead to pages. */
export const hosted = [
  checkoutSessions,
  checkoutRows,
  portalConfigurations,
  portalSessions,
  portalRows,
];
