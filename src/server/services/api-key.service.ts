import type { ApiKeyCreated, ApiKeyView } from '../../domain/api.ts';
import type { Clock } from '../../domain/clock.ts';
import { BillingError } from '../../domain/errors.ts';
import type { TenantId } from '../../domain/ids.ts';
import type { Db } from '../../db/client.ts';
import {
  findApiKeyByHash,
  insertApiKey,
  listApiKeys,
  revokeApiKey,
  touchApiKey,
} from '../../db/repositories/api-key.repository.ts';
import type { ApiKey } from '../../db/schema/index.ts';
import type { Principal } from '../app-env.ts';
import { hashApiKey, makeApiKey } from './api-key/key.ts';
import type { FeatureService } from './feature.service.ts';
import type { UsageService } from './usage.service.ts';

const LAST_USED_EVERY_MS = 60_000;

export interface ApiKeyDeps {
  db: Db;
  clock: Clock;
  features: FeatureService;
  usage: Pick<UsageService, 'trackUsage'>;
}

/** Keys for programs: made, shown, revoked, and counted when used. */
export class ApiKeyService {
  private readonly deps: ApiKeyDeps;

  constructor(deps: ApiKeyDeps) {
    this.deps = deps;
  }

  /** Needs a plan with API calls: 403 `upgrade_required`. The answer alone has the whole key. */
  async create(
    principal: Extract<Principal, { kind: 'user' }>,
    name: string,
  ): Promise<ApiKeyCreated> {
    await this.deps.features.assertIncluded(principal.tenantId, 'api_calls');
    const { key, keyHash, prefix } = makeApiKey();
    const row = await insertApiKey(this.deps.db, {
      tenantId: principal.tenantId,
      userId: principal.userId,
      name,
      prefix,
      keyHash,
      createdAt: this.deps.clock.now(),
    });
    return { ...describe(row), key };
  }

  /** The live keys of the tenant, newest first. */
  async list(tenantId: TenantId): Promise<ApiKeyView[]> {
    return (await listApiKeys(this.deps.db, tenantId)).map(describe);
  }

  /** 404 `not_found` when the tenant has no such key, or has revoked it already. */
  async revoke(tenantId: TenantId, id: string): Promise<void> {
    const now = this.deps.clock.now();
    if (await revokeApiKey(this.deps.db, { tenantId, id, now })) return;
    throw new BillingError('not_found', `There is no API key ${id}.`);
  }

  /**
   * Whose request this is. Counts 1 `api_calls` first, whatever becomes of the request: 401
   * `unauthenticated` for an unknown key, 403 `upgrade_required` when the plan no longer includes
   * calls, 429 `quota_exceeded` when none is left.
   */
  async admit(key: string): Promise<Principal> {
    const { db, features, usage } = this.deps;
    const row = await findApiKeyByHash(db, hashApiKey(key));
    if (!row)
      throw new BillingError('unauthenticated', 'The API key is not valid, or was revoked.');
    const tenantId = row.tenantId as TenantId;
    await features.assertIncluded(tenantId, 'api_calls');
    await usage.trackUsage({
      tenantId,
      resourceType: 'api_calls',
      amount: 1,
      metadata: { apiKeyId: row.id },
    });
    await this.noteUse(row);
    return { kind: 'api_key', apiKeyId: row.id, tenantId };
  }

  private async noteUse(row: ApiKey): Promise<void> {
    const now = this.deps.clock.now();
    const before = new Date(now.getTime() - LAST_USED_EVERY_MS);
    if (row.lastUsedAt && row.lastUsedAt > before) return;
    await touchApiKey(this.deps.db, { id: row.id, now, before });
  }
}

function describe(row: ApiKey): ApiKeyView {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    createdAt: row.createdAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  };
}
