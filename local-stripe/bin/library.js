import { load } from './load.js';

export const { startLocalStripe, frozenClock, offsetClock } = await load('index');
