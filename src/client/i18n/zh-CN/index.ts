import type { Messages } from '../en/index.ts';
import base from './base.ts';
import bills from './bills.ts';
import rooms from './rooms.ts';

const zhCN: Messages = { ...base, ...bills, ...rooms };
export default zhCN;
