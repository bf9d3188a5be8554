import { scheduleBilling } from './context-billing.ts';
import { scheduleProduct } from './context-product.ts';
import { scheduleUsage } from './context-usage.ts';
import type { Context } from './context.ts';

/**
 * Every periodic task of the product, in one list. Cron expressions are UTC; each task runs in one
 * process at a time and tells its failures to the log.
 */
export function registerSchedule(context: Context): void {
  scheduleBilling(context);
  scheduleUsage(context);
  scheduleProduct(context);
}
