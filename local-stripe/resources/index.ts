import type { Resource } from '../kernel/types.ts';
import { catalog } from './catalog.ts';
import { customers } from './customers.ts';
import { hosted } from './hosted.ts';

/** Every resource of the API. A new one is a file beside this one and a line here. */
export const resources: Resource<never>[] = [customers, ...catalog, ...hosted] as unknown as Resource<never>[];
