import payments from './payments.ts';
import paywall from './paywall.ts';
import plans from './plans.ts';
import subscription from './subscription.ts';
import usage from './usage.ts';

/** Words of plans, use and money, and of the dialogs about them. */
export default { payments, paywall, plans, subscription, usage };
