import type { Actor, Role, TenantId, UserId } from '../../../domain/ids.ts';

/** A person who asks, as authenticated: never an id from a body. */
export interface Requester {
  tenantId: TenantId;
  userId: UserId;
  role: Role;
  requestId?: string;
}

export function actorOf({ userId, role }: Requester): Actor {
  return { kind: 'user', userId, role };
}
