import { randomUUID } from 'node:crypto';
import type {
  ConversationPage,
  ConversationTurnView,
  ConversationView,
} from '../../../domain/api.ts';
import type { Clock } from '../../../domain/clock.ts';
import {
  CONVERSATIONS_MAX,
  TURN_LENGTH_MAX,
  type TurnState,
} from '../../../domain/conversations.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { Db } from '../../../db/client.ts';
import {
  countTurns,
  deleteConversation,
  findConversation,
  insertConversation,
  listConversations,
  listTurns,
  lockConversationCount,
  renameConversation,
  upsertTurns,
  type ConversationOwner,
} from '../../../db/repositories/conversation.repository.ts';
import type { Conversation, ConversationTurn } from '../../../db/schema/index.ts';
import type { Logger } from '../../log.ts';
import type { CharacterService } from './character.service.ts';
import type { ImageService } from './image.service.ts';

export interface ConversationDeps {
  db: Db;
  clock: Clock;
  characters: CharacterService;
  images: ImageService;
}

/** What is said, as it is kept with a conversation: what was asked, and how the answer goes on. */
export interface Exchange {
  /** Written again whenever it is called; what cannot be written now is by the next call. */
  keep(answer: { text: string; state: TurnState }): Promise<void>;
}

/** A person's conversations, kept for every device of theirs. */
export class ConversationService {
  private readonly deps: ConversationDeps;

  constructor(deps: ConversationDeps) {
    this.deps = deps;
  }

  async list(keeper: ConversationOwner): Promise<ConversationView[]> {
    return (await listConversations(this.deps.db, keeper)).map(describe);
  }

  /** 404 `not_found` for the character, 409 `limit_reached`. */
  async create(
    keeper: ConversationOwner,
    wish: { characterId?: string | undefined; title: string },
  ): Promise<ConversationView> {
    const { characterId = null, title } = wish;
    const { characters, clock, db } = this.deps;
    const character =
      characterId === null ? undefined : await characters.get(keeper.tenantId, characterId);
    const row = await db.transaction(async (tx) => {
      const there = await lockConversationCount(tx, keeper);
      assertRoom(there, CONVERSATIONS_MAX.perPerson, 'conversations', 'delete one first');
      const now = clock.now();
      return insertConversation(tx, {
        ...{ tenantId: keeper.tenantId, userId: keeper.userId, characterId, title },
        characterName: character?.name ?? null,
        greeting: character?.greeting ?? null,
        ...{ createdAt: now, updatedAt: now },
      });
    });
    return describe(row);
  }

  /** The newest things said, or those before `before`. 404 `not_found`. */
  async read(
    keeper: ConversationOwner,
    id: string,
    page: { before?: number | undefined; limit: number },
  ): Promise<ConversationPage> {
    const { db } = this.deps;
    const conversation = await this.get(keeper, id);
    const { before, limit } = page;
    const rows = await listTurns(db, { conversationId: id, before, limit: limit + 1 });
    const shown = rows.slice(-limit);
    return {
      ...describe(conversation),
      turns: shown.map((turn) => this.view(turn)),
      earlier: rows.length > limit ? shown[0]!.position : null,
    };
  }

  /** 404 `not_found`. */
  async rename(keeper: ConversationOwner, id: string, title: string): Promise<ConversationView> {
    return describe(orMissing(await renameConversation(this.deps.db, keeper, { id, title }), id));
  }

  /** 404 `not_found`. */
  async delete(keeper: ConversationOwner, id: string): Promise<void> {
    orMissing((await deleteConversation(this.deps.db, keeper, id)) || undefined, id);
  }

  /**
   * Begins to keep what is said next. 400, 404 `not_found`, 409 `limit_reached`: before anything is
   * metered. Afterwards nothing of it fails the answer; what could not be kept is logged.
   */
  async begin(
    keeper: ConversationOwner,
    said: {
      conversationId: string;
      /** Who answers; pictures are drawn by nobody. */
      characterId?: string | undefined;
      kind: 'text' | 'image';
      text: string;
      log: Logger;
    },
  ): Promise<Exchange> {
    const { db, clock } = this.deps;
    const { conversationId, kind, text, log } = said;
    const conversation = await this.get(keeper, conversationId);
    if (kind === 'text') assertSameCharacter(conversation, said.characterId);
    const there = await countTurns(db, conversationId);
    assertRoom(there + 1, CONVERSATIONS_MAX.turns, 'things said', 'begin another conversation');
    const createdAt = clock.now();
    const both = { conversationId, createdAt };
    const asked = { id: randomUUID(), who: 'reader', kind: 'text', text, state: 'done', ...both };
    const answerId = randomUUID();
    return {
      keep: async (answer) => {
        const turns = [
          asked,
          {
            ...{ id: answerId, who: 'character', kind, ...both, state: answer.state },
            text: answer.text.slice(0, TURN_LENGTH_MAX).toWellFormed().replaceAll('\0', ''),
          },
        ];
        try {
          const now = clock.now();
          await db.transaction((tx) => upsertTurns(tx, { conversationId, turns, now }));
        } catch (err) {
          log.warn({ err, conversationId }, 'what was said could not be kept');
        }
      },
    };
  }

  private async get(keeper: ConversationOwner, id: string): Promise<Conversation> {
    return orMissing(await findConversation(this.deps.db, keeper, id), id);
  }

  /** A picture follows from its words, so that it need not be kept. */
  private view(turn: ConversationTurn): ConversationTurnView {
    const { id, who, kind, text, state, createdAt } = turn;
    const isImage = kind === 'image' && state === 'done';
    return {
      ...{ id, who: who as ConversationTurnView['who'], text, state: state as TurnState },
      at: createdAt.toISOString(),
      imageUrl: isImage ? this.deps.images.generate(text).dataUrl : null,
    };
  }
}

/** 400 for another character than the conversation's, 404 when that one is gone. */
function assertSameCharacter(conversation: Conversation, characterId: string | undefined): void {
  const { characterName } = conversation;
  if (conversation.characterId === null && characterName !== null) {
    throw new BillingError(
      'not_found',
      `${characterName} is gone; the conversation can be read only.`,
    );
  }
  if ((conversation.characterId ?? undefined) === characterId) return;
  throw new BillingError('invalid_request', 'That conversation is with another character.');
}

function orMissing<T>(found: T | undefined, id: string): T {
  if (found !== undefined) return found;
  throw new BillingError('not_found', `You have no conversation ${id}.`);
}

function assertRoom(there: number, max: number, what: string, advice: string): void {
  if (there < max) return;
  throw new BillingError('limit_reached', `There are as many ${what} as there may be; ${advice}.`, {
    data: { resource: what.replace(' ', '_'), max },
  });
}

function describe(row: Conversation): ConversationView {
  const { id, title, characterId, characterName, greeting, createdAt, updatedAt } = row;
  return {
    ...{ id, title, characterId, characterName, greeting },
    ...{ createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() },
  };
}
