import { z } from 'zod';
import type { CharactersView, CharacterView } from '../../../domain/api.ts';
import { CHARACTERS_MAX, LISTED_PER_TENANT_MAX } from '../../../domain/characters.ts';
import type { Clock } from '../../../domain/clock.ts';
import { BillingError } from '../../../domain/errors.ts';
import { canManageBilling, type TenantId, type UserId } from '../../../domain/ids.ts';
import { isStorableInstant } from '../../../domain/storable.ts';
import type { Db, Tx } from '../../../db/client.ts';
import {
  listReportedBy,
  upsertCharacterReport,
} from '../../../db/repositories/character-report.repository.ts';
import {
  deleteCharacter,
  findVisibleCharacter,
  insertCharacter,
  listCharacterNames,
  listOwnCharacters,
  listSharedCharacters,
  lockCharacterCounts,
  lockOwnCharacter,
  updateCharacter,
  upsertStarterCharacters,
  type CharacterCursor,
} from '../../../db/repositories/character.repository.ts';
import type { Character } from '../../../db/schema/index.ts';
import { memberOf, type Principal } from '../../principal.ts';
import { STARTER_CHARACTERS } from './starter-characters.ts';
import type { FeatureService } from '../feature.service.ts';

const OWN_LISTED_MAX = 500;
const SHARED = 'shared characters';

export interface CharacterQuery {
  search?: string | undefined;
  cursor?: string | undefined;
  /** Shared characters on a page. */
  limit: number;
}

export interface CharacterInput {
  name: string;
  description: string;
  greeting: string;
  shared: boolean;
}

/** Characters to talk with: those of the tenant, and those that the community shares. */
export class CharacterService {
  private readonly db: Db;
  private readonly clock: Clock;
  private readonly features: FeatureService;

  constructor(deps: { db: Db; clock: Clock; features: FeatureService }) {
    this.db = deps.db;
    this.clock = deps.clock;
    this.features = deps.features;
  }

  /**
   * On the first page the tenant's own first, then what is shared. 400 `invalid_request` for a
   * cursor that is none of ours.
   */
  async list(principal: Principal, query: CharacterQuery): Promise<CharactersView> {
    const { tenantId } = principal;
    const { search, limit } = query;
    const after = query.cursor === undefined ? undefined : readCursor(query.cursor);
    const [own, shared] = await Promise.all([
      after ? [] : listOwnCharacters(this.db, { tenantId, search, limit: OWN_LISTED_MAX }),
      listSharedCharacters(this.db, {
        ...{ exceptTenantId: tenantId, search, after, limit: limit + 1 },
        perTenantMax: LISTED_PER_TENANT_MAX,
      }),
    ]);
    const page = shared.slice(0, limit);
    const last = shared.length > limit ? page.at(-1) : undefined;
    const reported = await this.listReported(principal, page);
    return {
      characters: [...own, ...page].map((character) => describe(character, principal, reported)),
      nextCursor: last ? writeCursor(last) : null,
    };
  }

  /** Of these ids the names of those that the tenant may see. */
  async listNames(tenantId: TenantId, ids: readonly string[]): Promise<Map<string, string>> {
    const found = ids.length > 0 ? await listCharacterNames(this.db, tenantId, ids) : [];
    return new Map(found.map(({ id, name }) => [id, name]));
  }

  /** Sharing needs `character_share`: 403 `upgrade_required`. 409 `limit_reached`. */
  async create(principal: Principal, input: CharacterInput): Promise<CharacterView> {
    const { tenantId } = principal;
    if (input.shared) await this.features.assertFeature(tenantId, 'character_share');
    const now = this.clock.now();
    const character = await this.db.transaction(async (tx) => {
      const counts = await lockCharacterCounts(tx, tenantId);
      assertRoom(counts.all, CHARACTERS_MAX.perTenant, 'characters');
      if (input.shared) assertRoom(counts.shared, CHARACTERS_MAX.sharedPerTenant, SHARED);
      return insertCharacter(tx, {
        ...input,
        tenantId,
        createdBy: memberOf(principal),
        createdAt: now,
        updatedAt: now,
      });
    });
    return describe(character, principal);
  }

  /** For who made it, and for owners and admins of its tenant: 403 `forbidden`, 404 `not_found`. */
  async update(
    principal: Principal,
    id: string,
    changes: Partial<CharacterInput>,
  ): Promise<CharacterView> {
    const { tenantId } = principal;
    if (changes.shared) await this.features.assertFeature(tenantId, 'character_share');
    const character = await this.db.transaction(async (tx) => {
      const counts = await lockCharacterCounts(tx, tenantId);
      const before = await this.lockForChange(tx, principal, id);
      if (changes.shared && !before.shared) {
        assertRoom(counts.shared, CHARACTERS_MAX.sharedPerTenant, SHARED);
      }
      return updateCharacter(tx, id, { ...changes, updatedAt: this.clock.now() });
    });
    return describe(character, principal);
  }

  /** As `update`. */
  delete(principal: Principal, id: string): Promise<void> {
    return this.db.transaction(async (tx) => {
      await this.lockForChange(tx, principal, id);
      await deleteCharacter(tx, id);
    });
  }

  /** Tells operators what is wrong with a character that others share. 404 `not_found`. */
  async report(
    reporter: { userId: UserId; tenantId: string },
    id: string,
    reason: string,
  ): Promise<void> {
    const { shared } = await this.get(reporter.tenantId, id);
    if (!shared) throw new BillingError('not_found', `The character ${id} is not shared.`);
    const { userId } = reporter;
    const createdAt = this.clock.now();
    await upsertCharacterReport(this.db, { characterId: id, userId, reason, createdAt });
  }

  /** Which of `found` the reader has reported. */
  private async listReported(reader: Principal, found: Character[]): Promise<Set<string>> {
    if (reader.kind !== 'user' || found.length === 0) return new Set();
    const ids = found.map(({ id }) => id);
    return new Set(await listReportedBy(this.db, reader.userId, ids));
  }

  private async lockForChange(tx: Tx, principal: Principal, id: string): Promise<Character> {
    const character = await lockOwnCharacter(tx, principal.tenantId, id);
    if (!character) {
      throw new BillingError('not_found', `There is no character ${id} of your team.`);
    }
    if (mayChange(character, principal)) return character;
    throw new BillingError(
      'forbidden',
      'Only who made a character, or an owner or admin of the team, changes it.',
    );
  }

  /** One that the tenant may talk with. 404 `not_found`. */
  async get(tenantId: string, id: string): Promise<Character> {
    const character = await findVisibleCharacter(this.db, tenantId, id);
    if (character) return character;
    throw new BillingError('not_found', `There is no character ${id}, or it is not shared.`);
  }

  /** Makes the characters that come with the product; doing it again changes nothing. */
  async ensureStarters(): Promise<void> {
    await upsertStarterCharacters(this.db, STARTER_CHARACTERS, this.clock.now());
  }
}

/** Who made a character, and owners and admins of its tenant. A key changes what its maker may change. */
function mayChange(character: Character, principal: Principal): boolean {
  if (character.tenantId !== principal.tenantId) return false;
  return canManageBilling(principal.role) || character.createdBy === memberOf(principal);
}

function assertRoom(there: number, max: number, what: string): void {
  if (there < max) return;
  throw new BillingError(
    'limit_reached',
    `Your team has ${there} ${what}, which is as many as there may be; delete or unshare some first.`,
    { data: { resource: what.replace(' ', '_'), max } },
  );
}

const cursorSchema = z.tuple([z.boolean(), z.iso.datetime().refine(isStorableInstant), z.uuid()]);

function writeCursor({ tenantId, createdAt, id }: Character): string {
  const position = [tenantId === null, createdAt.toISOString(), id];
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

function readCursor(cursor: string): CharacterCursor {
  const position = cursorSchema.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()));
  if (!position.success) {
    throw new BillingError('invalid_request', 'The cursor is none of ours; begin without one.');
  }
  const [starter, createdAt, id] = position.data;
  return { starter, createdAt: new Date(createdAt), id };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function describe(
  character: Character,
  reader: Principal,
  reported: ReadonlySet<string> = new Set(),
): CharacterView {
  const { id, name, description, greeting, shared } = character;
  return {
    ...{ id, name, description, greeting, shared },
    own: character.tenantId === reader.tenantId,
    editable: mayChange(character, reader),
    reported: reported.has(id),
    hidden: character.hiddenAt !== null,
  };
}
