import { afterAll, beforeAll, expect, test } from 'vitest';
import { endpoints } from '../../schema/index.ts';
import type { EndpointKey } from '../../schema/index.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import type { Call } from './calls.ts';
import { catalogCalls, entitlementCalls } from './catalog.ts';
import { backfillCalls, creditNoteCalls, taxCalls } from './credit-notes.ts';
import { customerCalls } from './customers.ts';
import { hostedCalls } from './hosted.ts';
import { eventCalls, meterCalls, testHelperCalls } from './infrastructure.ts';
import { invoiceCalls } from './invoices.ts';
import { paymentCalls } from './payments.ts';
import { subscriptionCalls } from './subscriptions.ts';

/** Every endpoint that is served has its call here, or this does not compile. */
const calls: Record<EndpointKey, Call> = {
  ...customerCalls,
  ...catalogCalls,
  ...entitlementCalls,
  ...hostedCalls,
  ...subscriptionCalls,
  ...invoiceCalls,
  ...creditNoteCalls,
  ...taxCalls,
  ...backfillCalls,
  ...paymentCalls,
  ...meterCalls,
  ...eventCalls,
  ...testHelperCalls,
};

let world: World;
const answered = new Set<EndpointKey>();

beforeAll(async () => {
  world = await openWorld((endpoint) => answered.add(endpoint));
});
afterAll(() => world.close());

test.each(endpoints)('%s answers what the SDK declares', async (endpoint) => {
  answered.delete(endpoint);
  await calls[endpoint](world);
  expect([...answered]).toContain(endpoint);
});
