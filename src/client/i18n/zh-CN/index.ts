import type { Messages } from '../en/index.ts';
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

const zhCN: Messages = {
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
export default zhCN;
