import { randomUUID } from 'node:crypto';
import type { ModelView } from '../../../domain/api.ts';
import type { QuoteView } from '../../../domain/billing/usage/quote.ts';
import type { Rating } from '../../../domain/billing/usage/rate-card.ts';
import { BillingError, type ErrorCode } from '../../../domain/errors.ts';
import type { Clock } from '../../../domain/clock.ts';
import type { TenantId, UserId } from '../../../domain/ids.ts';
import type { Logger } from '../../log.ts';
import type { CharacterService } from './character.service.ts';
import { beginAnswer, type AnswerEvent } from './answer.ts';
import type { ConversationOwner } from '../../../db/repositories/conversation.repository.ts';
import type { ConversationService, Exchange } from './conversation.service.ts';
import { keepAnswer } from './keep-answer.ts';
import { buildMessages } from './prompt.ts';
import type { ChatProvider, Persona } from './upstream/provider.ts';
import {
  holdWithin,
  longestHold,
  shortestHold,
  type PlannedCall,
  type TokenHold,
} from './token-hold.ts';
import { loadTokenCounter } from './upstream/tokens.ts';
import type { FeatureService } from '../feature.service.ts';
import type { UsageService } from '../usage.service.ts';
import type { RequestMeter } from '../usage/request-meter.ts';

/** Others may take what is left between asking and reserving; then ask again, not for ever. */
const HOLD_ATTEMPTS = 4;

export interface ChatDeps {
  provider: ChatProvider;
  clock: Clock;
  /** What tokens weigh, and what is left to pay with. */
  usage: Pick<UsageService, 'quote' | 'rates'>;
  features: FeatureService;
  characters: CharacterService;
  conversations: ConversationService;
  /** Told of a part of an upstream's report of its usage that was not believed. */
  onDistrusted: (part: 'prompt' | 'completion') => void;
}

/** What may be asked the price of. */
export interface QuotedMessage {
  tenantId: TenantId;
  message: string;
  characterId?: string | undefined;
  model?: string | undefined;
}

export interface ChatRequest extends QuotedMessage {
  /** Where it is kept, and whose that is. */
  keeping?: { conversationId: string; keeper: ConversationOwner } | undefined;
  /** Of the request; the stream takes it over when it begins. */
  meter: RequestMeter;
  log: Logger;
  /** The client's: when it hangs up, the upstream is told. */
  signal: AbortSignal;
}

/** Conversation, gated and metered: one message, and the tokens really used. */
export class ChatService {
  private readonly deps: ChatDeps;

  constructor(deps: ChatDeps) {
    this.deps = deps;
  }

  get models(): ModelView[] {
    return [...this.deps.provider.models];
  }

  /**
   * Answers a message. Everything that can refuse does so before this resolves: 400 for a model that is
   * unknown or has no weight, 403 `upgrade_required` for an advanced one, 404 for the character or the conversation, 409
   * when that is full, 429 for the quotas,
   * 502 when nothing comes from the upstream. After that the events are the answer.
   */
  async answer(request: ChatRequest): Promise<AsyncGenerator<AnswerEvent>> {
    const { meter, signal } = request;
    const { model, persona, rating } = await this.prepare(request);
    const exchange = await this.beginExchange(request);
    const { messages, counter, planned } = await this.plan(request.message, persona, rating);

    const messageId = `msg_${randomUUID().replaceAll('-', '')}`;
    const { characterId } = request;
    const ledgerNote = {
      ...{ messageId, model: model.id },
      ...(characterId === undefined ? {} : { characterId }),
    };
    const { maxTokens } = await this.hold(request, planned, ledgerNote);
    const events = await beginAnswer({
      provider: this.deps.provider,
      completion: { model: model.id, messages, persona, maxTokens },
      promptTokens: planned.promptTokens,
      rating,
      characterId,
      counter,
      messageId,
      meter,
      log: request.log,
      onDistrusted: this.deps.onDistrusted,
      signal,
    });
    return exchange ? keepAnswer(events, exchange) : events;
  }

  /**
   * What a message would take at most, before it is sent: as it would be held. Refuses what sending it
   * would refuse, an unknown model with 400 `unknown_model`. Nothing is held, kept or counted.
   */
  async quote(request: QuotedMessage & { memberId: UserId }): Promise<QuoteView> {
    const { persona, rating } = await this.prepare(request, 'unknown_model');
    const { planned } = await this.plan(request.message, persona, rating);
    return this.deps.usage.quote(request, holding(planned));
  }

  /** Model, character and weights of what is asked for, each looked up or refused. */
  private async prepare(request: QuotedMessage, unknown?: ErrorCode) {
    const { tenantId, characterId } = request;
    const model = this.findModel(request.model, unknown);
    if (model.advanced) await this.deps.features.assertFeature(tenantId, 'advanced_models');
    const rating = await this.deps.usage.rates.ratingOf(model.id, this.deps.clock.now());
    const persona = await this.findPersona(tenantId, characterId);
    return { model, rating, persona };
  }

  /** The prompt, and what it takes before it is sent. */
  private async plan(message: string, persona: Persona | undefined, { weights }: Rating) {
    const messages = buildMessages(message, persona);
    const counter = await loadTokenCounter();
    const promptTokens = counter.countMessages(messages);
    const { maxOutputTokens } = this.deps.provider;
    const planned: PlannedCall = { promptTokens, maxOutputTokens, weights };
    return { messages, counter, planned };
  }

  private beginExchange(request: ChatRequest): Promise<Exchange> | undefined {
    const { keeping, message, characterId, log } = request;
    if (!keeping) return undefined;
    const { conversationId, keeper } = keeping;
    const said = { conversationId, characterId, kind: 'text' as const, text: message, log };
    return this.deps.conversations.begin(keeper, said);
  }

  /** Tokens that are left, where those were what a hold was refused for. */
  private async leftAfter({ code, data }: BillingError, tenantId: TenantId) {
    if (code === 'quota_exceeded') return this.deps.features.getSpendable(tenantId, 'llm_tokens');
    if (code !== 'member_limit') return undefined;
    const { limit, used, held } = data as { limit: number; used: number; held: number };
    return Math.max(0, limit - used - held);
  }

  private findModel(id: string | undefined, code: ErrorCode = 'invalid_request'): ModelView {
    const { models } = this.deps.provider;
    const model = id === undefined ? models[0] : models.find((known) => known.id === id);
    if (model) return model;
    throw new BillingError(code, `There is no model "${id}".`, {
      data: { models: models.map((known) => known.id) },
    });
  }

  private async findPersona(tenantId: TenantId, id: string | undefined) {
    if (id === undefined) return undefined;
    const { name, description, greeting } = await this.deps.characters.get(tenantId, id);
    return { name, description, greeting } satisfies Persona;
  }

  /** Holds one message and the tokens in one round trip. 429 `quota_exceeded` by the graver reason. */
  private async hold(
    request: ChatRequest,
    planned: PlannedCall,
    ledgerNote: Record<string, unknown>,
  ): Promise<TokenHold> {
    const [message, tokens] = await Promise.allSettled([
      request.meter.reserve('messages', 1, ledgerNote),
      this.holdTokens(request, planned, ledgerNote),
    ]);
    const refusals = [message, tokens].flatMap((one) =>
      one.status === 'rejected' ? [one.reason as unknown] : [],
    );
    if (refusals.length === 0) return (tokens as PromiseFulfilledResult<TokenHold>).value;
    const final = refusals.find((error) => !isInProgress(error));
    if (final === undefined) await this.assertOthersHold(request, planned);
    throw final ?? refusals[0];
  }

  /** Of credits one hold of a call may be in the way of its other: refuses what both can never be paid with. */
  private async assertOthersHold({ tenantId, meter }: ChatRequest, planned: PlannedCall) {
    await meter.release();
    try {
      await this.deps.usage.quote({ tenantId, memberId: meter.memberId }, holding(planned));
    } catch (error) {
      if (!isInProgress(error)) throw error;
    }
  }

  /**
   * Reserves room for the longest answer; near the end of the quota, for as long a one as is left.
   * 429 `quota_exceeded` or `member_limit` when not even a short one fits, by the reason that the short one has.
   */
  private async holdTokens(
    { tenantId, meter }: ChatRequest,
    planned: PlannedCall,
    ledgerNote: Record<string, unknown>,
  ): Promise<TokenHold> {
    const shortest = shortestHold(planned);
    let hold = longestHold(planned);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await meter.reserve('llm_tokens', hold.amount, ledgerNote);
        return hold;
      } catch (error) {
        if (!(error instanceof BillingError) || hold.amount <= shortest.amount) throw error;
        const left = await this.leftAfter(error, tenantId);
        if (left === undefined) throw error;
        const smaller = holdWithin(planned, left);
        hold = attempt < HOLD_ATTEMPTS && smaller ? smaller : shortest;
      }
    }
  }
}

const isInProgress = (error: unknown) =>
  error instanceof BillingError && error.data['reason'] === 'in_progress';

/** What a call holds of the units that are left. */
const holding = (planned: PlannedCall) => (left: number | null) =>
  (holdWithin(planned, left) ?? shortestHold(planned)).amount;
