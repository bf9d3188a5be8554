import { checkoutRows, checkoutSessions } from './checkout-sessions.ts';

/** The resources that lead to pages. */
export const hosted = [checkoutSessions, checkoutRows];
