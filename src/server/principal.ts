import type { ApiKeyScope } from '../domain/api-keys.ts';
import type { Role, TenantId, UserId } from '../domain/ids.ts';

/** Who sent the request, resolved once from its credentials; ids in bodies are never trusted. */
export type Principal =
  | {
      kind: 'user';
      userId: UserId;
      tenantId: TenantId;
      role: Role;
      emailVerified: boolean;
      /** The session that the request was made in. */
      sessionId?: string | undefined;
      /** Who has none reads and does nothing. */
      hasSeat: boolean;
    }
  | {
      kind: 'api_key';
      apiKeyId: string;
      /** Who made it: its use is theirs. */
      makerId: UserId;
      tenantId: TenantId;
      /** What who made it is in the team, at the moment of the request. */
      role: Role;
      /** `null`: made without any. */
      scopes: readonly ApiKeyScope[] | null;
      /** Whether who made it has one. */
      hasSeat: boolean;
    };

/** Whose use it is: a key's is that of who made it. */
export const memberOf = (principal: Principal): UserId =>
  principal.kind === 'user' ? principal.userId : principal.makerId;
