import type { Actor, Role, TenantId, UserId } from '../../../domain/ids.ts';

/** A person who asks, as authenticated: never an id from a body. */
export interface Requester {
  tenantId: TenantId;
  userId: UserId;
  role: Role;
  requestId?: string;
  /** An operator who acts in the team's place: who did it is then not the user. */
  operator?: string;
}

export function actorOf({ userId, role, operator }: Requester): Actor {
  if (operator !== undefined) return { kind: 'service', name: operator };
  return { kind: 'user', userId, role };
}
