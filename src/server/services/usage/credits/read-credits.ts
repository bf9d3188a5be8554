import type { Readable } from 'node:stream';
import {
  CALL_MICRO_MAX,
  type CreditHistoryView,
  type CreditsView,
  type GrantView,
} from '../../../../domain/billing/credits.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { periodOf, type Period } from '../../../../domain/period.ts';
import { RESOURCE_TYPES, type ResourceType } from '../../../../domain/quota.ts';
import type { MadeFor } from '../../../../db/repositories/usage/credits/read.ts';
import { unopenedQuota } from '../quota/month-quota.ts';
import type { UsageRouter } from '../routing/router.ts';
import type { CreditDeps } from './credit-deps.ts';
import { overageView } from './overage-view.ts';

type ReadDeps = Pick<CreditDeps, 'router' | 'entitlements' | 'clock'>;

const PAGE = 50;

/**
 * What there is, and what the next call can spend, of a member where one is named: computed by the functions
 * of admission.
 */
export async function readCredits(
  { router, entitlements, clock }: ReadDeps,
  tenantId: string,
  memberId?: string,
): Promise<CreditsView> {
  const now = clock.now();
  const period = periodOf(now);
  const found = await router.read(
    tenantId,
    (bucket) => bucket.readCredits(tenantId, period, now),
    (credits) => credits === undefined,
  );
  const grants = (found?.grants ?? []).map((grant): GrantView => ({
    ...grant,
    class: grant.class === 1 ? 'paid' : 'promotional',
  }));
  const balance = found?.balance ?? 0;
  const unopened = RESOURCE_TYPES.filter((resource) => found?.spendable[resource] === undefined);
  const quota =
    unopened.length > 0
      ? await unopenedQuota({ router, entitlements }, tenantId, period)
      : undefined;
  const { rates } = await entitlements.getPlan(tenantId);
  // Behind the other, which releases holds that are past their time.
  const rooms = memberId === undefined ? [] : await readRooms(router, tenantId, period, memberId);
  const memberLeft = (resource: ResourceType) => {
    const room = rooms.find(({ resourceType }) => resourceType === resource);
    return room ? Math.max(0, room.limit - room.used - room.held) : null;
  };
  const ofTenant = (resource: ResourceType) => {
    const units = found?.spendable[resource];
    if (units !== undefined) return units;
    const limit = quota!.limits[resource];
    const rate = rates[resource];
    const drawn = Math.min(balance + (found?.overage.account?.room ?? 0), CALL_MICRO_MAX);
    return limit === null ? null : limit + (rate ? Math.floor(drawn / rate) : 0);
  };
  const spendable = (resource: ResourceType) => {
    const bounds = [ofTenant(resource), memberLeft(resource)].filter((bound) => bound !== null);
    return bounds.length > 0 ? Math.min(...bounds) : null;
  };
  const { enabled, capMinor, currency, usedMinor, unpaidMinor, suspended } = overageView(
    found?.overage,
  );
  return {
    balance,
    held: found?.held ?? 0,
    grants,
    overage: { enabled, capMinor, currency, usedMinor, unpaidMinor, suspended },
    spendable: eachResource(spendable),
    memberLeft: eachResource(memberLeft),
  };
}

const eachResource = <T>(of: (resource: ResourceType) => T) =>
  Object.fromEntries(RESOURCE_TYPES.map((resource) => [resource, of(resource)])) as Record<
    ResourceType,
    T
  >;

const readRooms = (router: UsageRouter, tenantId: string, period: Period, memberId: string) =>
  router.read(
    tenantId,
    (bucket) => bucket.listMemberRooms(tenantId, period, memberId),
    (found) => found.length === 0,
  );

/** What of grants is neither drawn nor held, in µcr, by their refs; those that there are none of are missing. */
export async function readLeft(
  { router, clock }: ReadDeps,
  tenantId: string,
  madeFor: MadeFor,
): Promise<ReadonlyMap<string, number>> {
  if (madeFor.originRefs.length === 0) return new Map();
  return router.read(
    tenantId,
    (bucket) => bucket.readLeft(tenantId, madeFor, clock.now()),
    (found) => found.size === 0,
  );
}

/** A page of movements, newest first. */
export async function readHistory(
  { router }: ReadDeps,
  tenantId: string,
  cursor: string | undefined,
): Promise<CreditHistoryView> {
  const before = cursor === undefined ? null : Number(cursor);
  if (before !== null && (!/^[1-9]\d{0,15}$/.test(cursor!) || !Number.isSafeInteger(before))) {
    throw new BillingError('invalid_request', 'The cursor is none that a page before gave.');
  }
  const found = await router.read(
    tenantId,
    (bucket) => bucket.listMovements(tenantId, { before, max: PAGE + 1 }),
    (movements) => movements.length === 0,
  );
  const movements = found.slice(0, PAGE);
  const more = found.length > PAGE;
  return { movements, nextCursor: more ? String(movements.at(-1)!.seq) : null };
}

/** All movements as CSV; a stream that holds a connection until it is read or destroyed. */
export async function openHistoryCsv({ router }: ReadDeps, tenantId: string): Promise<Readable> {
  const file = await router.read(
    tenantId,
    (bucket) => bucket.streamMovements(tenantId),
    (found) => found === undefined,
  );
  if (file !== undefined) return file;
  throw new BillingError('tenant_not_found', `There is no tenant ${tenantId}.`);
}
