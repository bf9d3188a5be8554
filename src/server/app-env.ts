import type { ApiKeyScope } from '../domain/api-keys.ts';
import type { TenantId, UserId, Role } from '../domain/ids.ts';
import type { Logger } from './log.ts';
import type { RequestMeter } from './services/usage/request-meter.ts';

/** Who sent the request, resolved once from its credentials; ids in bodies are never trusted. */
export type Principal =
  | {
      kind: 'user';
      userId: UserId;
      tenantId: TenantId;
      role: Role;
      emailVerified: boolean;
    }
  | {
      kind: 'api_key';
      apiKeyId: string;
      tenantId: TenantId;
      /** `null`: made without any. */
      scopes: readonly ApiKeyScope[] | null;
    };

/** Hono's type of our requests: what middleware puts in and routes may take out. */
export interface AppEnv {
  Variables: {
    requestId: string;
    log: Logger;
    principal: Principal;
    /** What the request has reserved; behind `trackMessageUsage`. */
    meter: RequestMeter;
  };
}
