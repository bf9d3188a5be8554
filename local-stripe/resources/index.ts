import type { Resource } from '../kernel/types.ts';
import { billing } from './billing.ts';
import { catalog } from './catalog.ts';
import { customers } from './customers.ts';
import { events } from './events.ts';
import { hosted } from './hosted.ts';
import { testClocks } from './test-clocks.ts';
import { webhookEndpoints } from './webhook-endpoints.ts';

/** Every resource of the API. A new one is a file beside this one and a line here. */
export const resources = [
  customers,
  events,
  webhookEndpoints,
  testClocks,
  ...billing,
  ...catalog,
  ...hosted,
] as unknown as Resource<never>[];
