/** Ids are branded where they are parsed, so that one kind cannot be passed for another. */
export type TenantId = string & { readonly __brand: 'TenantId' };
export type UserId = string & { readonly __brand: 'UserId' };

const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Nobody's id, and before all others: where a walk along ids begins. */
export const NO_ID = '00000000-0000-0000-0000-000000000000';

export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID_PATTERN.test(value);
}

export const ROLES = ['owner', 'admin', 'member'] as const;
export type Role = (typeof ROLES)[number];

/** Owners and admins manage billing; members see it. */
export function canManageBilling(role: Role): boolean {
  return role === 'owner' || role === 'admin';
}

/** Who acts: written to the audit log, never a nullable user id. */
export type Actor =
  | { kind: 'user'; userId: UserId; role: Role }
  | { kind: 'api_key'; apiKeyId: string }
  | { kind: 'service'; name: string }
  | { kind: 'webhook'; eventId: string }
  | { kind: 'system'; task: string };
