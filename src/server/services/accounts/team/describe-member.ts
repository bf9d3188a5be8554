import type { MemberRow } from '../../../../db/repositories/accounts/membership.repository.ts';
import type { MemberRoom } from '../../../../db/repositories/usage/ledger/members.ts';
import type { MemberView } from '../../../../domain/api.ts';
import type { UsagePart } from '../../../../domain/billing/usage/breakdown.ts';

/** A member as the team sees them; `used` is null where it cannot be added up. */
export function describeMember(
  row: MemberRow,
  readerId: string,
  used: readonly UsagePart[] | null,
  rooms: readonly MemberRoom[],
): MemberView {
  const { userId, displayName, email, role, hasSeat, joinedAt } = row;
  return {
    ...{ id: userId, name: displayName, email, role, hasSeat },
    joinedAt: joinedAt.toISOString(),
    own: userId === readerId,
    usage: used && (used.find(({ id }) => id === userId)?.used ?? NOTHING),
    limits: limitsOf(rooms, userId),
  };
}

/** The limits of one of the members that these are of. */
export function limitsOf(rooms: readonly MemberRoom[], userId: string): MemberView['limits'] {
  const own = rooms.filter(({ memberId }) => memberId === userId);
  return {
    ...NO_LIMITS,
    ...Object.fromEntries(own.map(({ resourceType, limit }) => [resourceType, limit])),
  };
}

/** Of who has none. */
export const NO_LIMITS: MemberView['limits'] = {
  ...{ llm_tokens: null, messages: null, images: null, api_calls: null },
};
const NOTHING: UsagePart['used'] = { llm_tokens: 0, messages: 0, images: 0, api_calls: 0 };
