import account from './account.ts';
import auth from './auth.ts';
import chat from './chat.ts';
import community from './community.ts';
import conversations from './conversations.ts';
import errors from './errors.ts';
import payments from './payments.ts';
import paywall from './paywall.ts';
import plans from './plans.ts';
import settings from './settings.ts';
import shell from './shell.ts';
import subscription from './subscription.ts';
import usage from './usage.ts';

const en = {
  account,
  auth,
  chat,
  community,
  conversations,
  errors,
  payments,
  paywall,
  plans,
  settings,
  shell,
  subscription,
  usage,
};

/** The catalogue every language has to fill: a missing key does not compile. */
export type Messages = typeof en;
export default en;
