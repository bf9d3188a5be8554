import type { ApiKeyCreated, ApiKeyView } from '../../../domain/api.ts';
import type { Clock } from '../../../domain/clock.ts';
import { BillingError } from '../../../domain/errors.ts';
import {
  allowsAct,
  API_KEYS_MAX,
  type ApiKeyAct,
  type ApiKeyScope,
} from '../../../domain/api-keys.ts';
import { BOUNDS } from '../../../domain/accounts/retention.ts';
import { canManageBilling, type TenantId, type UserId } from '../../../domain/ids.ts';
import type { Db, Tx } from '../../../db/client.ts';
import {
  findApiKeyByHash,
  forgetEndedKeysOf,
  insertApiKey,
  listApiKeys,
  lockApiKeyCounts,
  type OwnedApiKey,
  revokeApiKey,
  touchApiKey,
} from '../../../db/repositories/accounts/api-key.repository.ts';
import { insertAuditEntry } from '../../../db/repositories/operations/audit-log.repository.ts';
import type { ApiKey } from '../../../db/schema/index.ts';
import type { Principal } from '../../principal.ts';
import type { AuthService } from './auth.service.ts';
import { hashApiKey, makeApiKey } from './api-key.ts';
import type { FeatureService } from '../feature.service.ts';
import type { UsageService } from '../usage.service.ts';

const LAST_USED_EVERY_MS = 60_000;

export interface ApiKeyDeps {
  db: Db;
  clock: Clock;
  features: FeatureService;
  usage: Pick<UsageService, 'trackUsage'>;
  people: Pick<AuthService, 'getPerson'>;
}

type UserPrincipal = Extract<Principal, { kind: 'user' }>;

export interface NewApiKeyInput {
  name: string;
  /** Without any the key may do what keys could before there were scopes. */
  scopes?: readonly ApiKeyScope[] | undefined;
  expiresAt?: Date | undefined;
}

/** Keys for programs: made, shown, revoked, and counted when used. */
export class ApiKeyService {
  private readonly deps: ApiKeyDeps;

  constructor(deps: ApiKeyDeps) {
    this.deps = deps;
  }

  /**
   * Needs a plan with API calls: 403 `upgrade_required`. 409 `limit_reached` when the person or the
   * tenant has as many as it may. The answer alone has the whole key.
   */
  async create(principal: UserPrincipal, input: NewApiKeyInput): Promise<ApiKeyCreated> {
    const { tenantId, userId } = principal;
    const now = this.deps.clock.now();
    if (input.expiresAt && input.expiresAt <= now) {
      throw new BillingError('invalid_request', 'expiresAt must lie in the future.');
    }
    await this.deps.features.assertIncluded(tenantId, 'api_calls');
    const { key, keyHash, prefix } = makeApiKey();
    const row = await this.deps.db.transaction(async (tx) => {
      assertRoom(await lockApiKeyCounts(tx, { tenantId, userId, now }));
      await forgetEndedKeysOf(tx, { tenantId, userId, now, keep: BOUNDS.endedKeys });
      const made = await insertApiKey(tx, {
        ...{ tenantId, userId, prefix, keyHash, createdAt: now, name: input.name },
        scopes: input.scopes ? [...new Set(input.scopes)] : null,
        expiresAt: input.expiresAt ?? null,
      });
      await this.note(tx, principal, { action: 'api_key.made', key: made });
      return made;
    });
    const { displayName } = await this.deps.people.getPerson(principal);
    return { ...describe({ key: row, ownerName: displayName }, userId), key };
  }

  /** The live keys, newest first: owners and admins see the tenant's, members their own. */
  async list(principal: UserPrincipal): Promise<ApiKeyView[]> {
    const { tenantId, userId } = principal;
    const now = this.deps.clock.now();
    const mine = await this.ownOnly(principal);
    const keys = await listApiKeys(this.deps.db, { tenantId, userId: mine, now });
    return keys.map((key) => describe(key, userId));
  }

  /**
   * 404 `not_found` when there is no such key among those that the person may revoke: any of the
   * tenant for owners and admins, one's own for members.
   */
  async revoke(principal: UserPrincipal, id: string): Promise<void> {
    const { tenantId } = principal;
    const now = this.deps.clock.now();
    const mine = await this.ownOnly(principal);
    const revoked = await this.deps.db.transaction(async (tx) => {
      const key = await revokeApiKey(tx, { tenantId, userId: mine, id, now });
      if (key) await this.note(tx, principal, { action: 'api_key.revoked', key });
      return key;
    });
    if (revoked) return;
    throw new BillingError('not_found', `There is no API key ${id} of yours.`);
  }

  /** Whose keys the person is held to; by the role of now, as somebody demoted loses it at once. */
  private async ownOnly(person: UserPrincipal): Promise<UserId | undefined> {
    const { role } = await this.deps.people.getPerson(person);
    return canManageBilling(role) ? undefined : person.userId;
  }

  private async note(
    tx: Tx,
    { tenantId, userId, role }: UserPrincipal,
    { action, key }: { action: string; key: ApiKey },
  ): Promise<void> {
    const what = { name: key.name, prefix: key.prefix, scopes: key.scopes };
    await insertAuditEntry(tx, {
      ...{ tenantId, actor: { kind: 'user', userId, role }, action, subjectId: key.id },
      ...(action === 'api_key.made' ? { after: what } : { before: what }),
      now: this.deps.clock.now(),
    });
  }

  /**
   * Whose request this is. Counts 1 `api_calls` first, whatever becomes of the request: 401
   * `unauthenticated` for an unknown key, 403 `forbidden` for one without the scope, `upgrade_required` when the plan no longer includes
   * calls, 429 `quota_exceeded` when none is left, `member_limit` when its maker has none left.
   */
  async admit(key: string, act: ApiKeyAct): Promise<Principal> {
    const { db, features, usage } = this.deps;
    const found = await findApiKeyByHash(db, hashApiKey(key), this.deps.clock.now());
    if (!found) {
      throw new BillingError(
        'unauthenticated',
        'The API key is not valid: it was revoked, has expired, or never was one.',
      );
    }
    const { key: row, role, hasSeat } = found;
    const scopes = row.scopes as readonly ApiKeyScope[] | null;
    if (!allowsAct(scopes, act)) {
      throw new BillingError(
        'forbidden',
        `This API key may not do this: it needs the scope ${act}. Make another key with it.`,
        { data: { scope: act, scopes } },
      );
    }
    const tenantId = row.tenantId as TenantId;
    await features.assertIncluded(tenantId, 'api_calls');
    await usage.trackUsage({
      tenantId,
      resourceType: 'api_calls',
      amount: 1,
      metadata: { apiKeyId: row.id, userId: row.userId },
    });
    await this.noteUse(row);
    const makerId = row.userId as UserId;
    return { kind: 'api_key', apiKeyId: row.id, makerId, tenantId, role, scopes, hasSeat };
  }

  private async noteUse(row: ApiKey): Promise<void> {
    const now = this.deps.clock.now();
    const before = new Date(now.getTime() - LAST_USED_EVERY_MS);
    if (row.lastUsedAt && row.lastUsedAt > before) return;
    await touchApiKey(this.deps.db, { id: row.id, now, before });
  }
}

function assertRoom(live: { tenant: number; person: number }): void {
  const { perPerson, perTenant } = API_KEYS_MAX;
  const [has, max, whose] =
    live.person >= perPerson
      ? [live.person, perPerson, 'You have']
      : [live.tenant, perTenant, 'Your team has'];
  if (has < max) return;
  throw new BillingError(
    'limit_reached',
    `${whose} ${has} API keys, which is as many as there may be; revoke one first.`,
    { data: { resource: 'api_keys', max } },
  );
}

function describe({ key, ownerName }: OwnedApiKey, reader: UserId): ApiKeyView {
  return {
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    scopes: key.scopes as ApiKeyScope[] | null,
    own: key.userId === reader,
    ownerName,
    createdAt: key.createdAt.toISOString(),
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
    expiresAt: key.expiresAt?.toISOString() ?? null,
  };
}
