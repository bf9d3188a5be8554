import type { Messages } from '../en/index.ts';
import base from './base.ts';
import bills from './bills.ts';
import extras from './extras.ts';
import rooms from './rooms.ts';

const zhCN: Messages = { ...base, ...bills, ...extras, ...rooms };
export default zhCN;
