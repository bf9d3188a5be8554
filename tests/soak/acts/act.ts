import type { AppProcess } from '../../support/app-process.ts';
import type { Person } from '../../faults/person.ts';
import type { Told } from '../told.ts';

/**
 * Something that a person, another service, or staff does. It answers the status that it was answered with,
 * 0 where there was nothing to ask for or no answer came, and notes what it was told.
 */
export type Act = (person: Person, told: Told) => Promise<number>;

export const statusOf = async (asked: Promise<{ status: number }>): Promise<number> =>
  (await asked).status;

/** The process that a person speaks to. */
export const appOf = ({ world, url }: Person): AppProcess =>
  world.apps.find((one) => one.url === url)!;

/** The time of the world, in milliseconds. */
export const nowOf = ({ world }: Person): number => world.local.clock.now().getTime();

const LIMITS = '/api/billing/limits';

export const readLimits = <T>({ api }: Person) => api.get<T>(LIMITS);
export const putLimits = <T>({ api }: Person, change: object) => api.put<T>(LIMITS, change);
