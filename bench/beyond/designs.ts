import { BillingError } from '../../src/domain/errors.ts';
import type { ResourceType } from '../../src/domain/quota.ts';
import type { UsageService } from '../../src/server/services/usage.service.ts';
import type { Design } from '../designs.ts';

/** What was answered to the calls of a design, so that the books can be compared with it. */
export interface Answers {
  /** Units that were acknowledged. */
  units: number;
  /** Calls that were answered otherwise than they should be, and the first such answer. */
  otherwise: number;
  first?: unknown;
}

export interface CountedDesign extends Design {
  resourceType: ResourceType;
  answers: Answers;
}

type Call = (tenantId: string) => Promise<unknown>;

/** `unitsOf` makes a call and answers its units; what it throws is an answer that should not be. */
export function counted(
  name: string,
  resourceType: ResourceType,
  unitsOf: (tenantId: string) => Promise<number>,
): CountedDesign {
  const answers: Answers = { units: 0, otherwise: 0 };
  const call: Call = async (tenantId) => {
    try {
      const units = await unitsOf(tenantId);
      answers.units += units;
    } catch (error) {
      answers.otherwise += 1;
      answers.first ??= error;
    }
  };
  return { name, resourceType, answers, call };
}

/** One unit, recorded; with `members` each call names one of so many of the team. */
export function recording(
  usage: UsageService,
  name: string,
  resourceType: ResourceType,
  members?: readonly string[],
): CountedDesign {
  let calls = 0;
  return counted(name, resourceType, async (tenantId) => {
    const userId = members?.[(calls += 1) % members.length];
    const metadata = userId === undefined ? undefined : { userId };
    await usage.trackUsage({ tenantId, resourceType, amount: 1, metadata });
    return 1;
  });
}

/** One unit, refused. */
export function refused(
  usage: UsageService,
  name: string,
  resourceType: ResourceType,
): CountedDesign {
  const design = counted(name, resourceType, async (tenantId) => {
    try {
      await usage.trackUsage({ tenantId, resourceType, amount: 1 });
    } catch (error) {
      if (error instanceof BillingError && error.code === 'quota_exceeded') return 0;
      throw error;
    }
    design.answers.units += 1;
    throw new Error('A call was recorded that must be refused.');
  });
  return design;
}

/** Holds two units and settles them. */
export function holding(
  usage: UsageService,
  name: string,
  resourceType: ResourceType,
): CountedDesign {
  return counted(name, resourceType, async (tenantId) => {
    const hold = { tenantId, resourceType, amount: 2, ttlSeconds: 60 };
    const { reservationId } = await usage.reserve(hold);
    await usage.settle({ tenantId, reservationId, amount: 2 });
    return 2;
  });
}
