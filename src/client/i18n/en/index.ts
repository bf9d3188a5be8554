import base from './base.ts';
import bills from './bills.ts';
import extras from './extras.ts';
import rooms from './rooms.ts';

const en = { ...base, ...bills, ...extras, ...rooms };

/** The catalogue every language has to fill: a missing key does not compile. */
export type Messages = typeof en;
export default en;
