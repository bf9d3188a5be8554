import type { CharacterView } from '../../domain/api.ts';
import type { Clock } from '../../domain/clock.ts';
import { BillingError } from '../../domain/errors.ts';
import type { Db } from '../../db/client.ts';
import {
  findVisibleCharacter,
  insertCharacter,
  listOwnCharacters,
  listSharedCharacters,
  upsertStarterCharacters,
} from '../../db/repositories/character.repository.ts';
import type { Character } from '../../db/schema/index.ts';
import type { Principal } from '../app-env.ts';
import { STARTER_CHARACTERS } from './character/starters.ts';
import type { FeatureService } from './feature.service.ts';

/** How many of each kind a list shows. */
const LISTED_MAX = 200;

export interface NewCharacterInput {
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

  /** The tenant's own first, then what is shared, at most 200 of each. */
  async list(tenantId: string): Promise<CharacterView[]> {
    const [own, shared] = await Promise.all([
      listOwnCharacters(this.db, tenantId, LISTED_MAX),
      listSharedCharacters(this.db, tenantId, LISTED_MAX),
    ]);
    return [...own, ...shared].map((character) => describe(character, tenantId));
  }

  /** Sharing needs `character_share`: 403 `upgrade_required`. */
  async create(principal: Principal, input: NewCharacterInput): Promise<CharacterView> {
    if (input.shared) await this.features.assertFeature(principal.tenantId, 'character_share');
    const now = this.clock.now();
    const character = await insertCharacter(this.db, {
      ...input,
      tenantId: principal.tenantId,
      createdBy: principal.kind === 'user' ? principal.userId : null,
      createdAt: now,
      updatedAt: now,
    });
    return describe(character, principal.tenantId);
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

function describe(character: Character, tenantId: string): CharacterView {
  const { id, name, description, greeting, shared } = character;
  return { id, name, description, greeting, shared, own: character.tenantId === tenantId };
}
