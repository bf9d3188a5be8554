import type { Messages } from '../en/index.ts';
import admin from './admin/index.ts';
import base from './base.ts';
import bills from './bills.ts';
import announced from './extras/announced.ts';
import billingDetails from './extras/billing-details.ts';
import extras from './extras/index.ts';
import limits from './extras/limits.ts';
import spending from './extras/spending.ts';
import statements from './extras/statements.ts';
import rooms from './rooms.ts';

const zhCN: Messages = {
  ...base,
  ...bills,
  ...extras,
  ...rooms,
  ...admin,
  announced,
  billingDetails,
  limits,
  spending,
  statements,
};
export default zhCN;
