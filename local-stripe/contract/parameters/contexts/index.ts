import { catalogContexts, customerContexts } from './catalog.ts';
import { hostedContexts } from './hosted.ts';
import { infrastructureContexts } from './infrastructure.ts';
import { invoiceContexts } from './invoices.ts';
import { listContexts } from './lists.ts';
import { paymentContexts } from './payments.ts';
import type { Contexts } from './shop.ts';
import { subscriptionContexts } from './subscriptions.ts';

/** For every endpoint that takes more than a name: the calls to which its parameters are added. */
export const contexts: Contexts = {
  ...listContexts,
  ...customerContexts,
  ...catalogContexts,
  ...subscriptionContexts,
  ...invoiceContexts,
  ...paymentContexts,
  ...hostedContexts,
  ...infrastructureContexts,
};
