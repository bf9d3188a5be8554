import { EventSourceParserStream } from 'eventsource-parser/stream';
import { z } from 'zod';
import type { CompletionEvent, ReportedUsage } from './provider.ts';

/** Taken as it comes: whether it can be true is judged when the answer is known. */
const usageSchema = z
  .object({
    prompt_tokens: z.unknown(),
    completion_tokens: z.unknown(),
    total_tokens: z.unknown(),
    prompt_tokens_details: z.object({ cached_tokens: z.unknown() }).nullish().catch(undefined),
    completion_tokens_details: z
      .object({ reasoning_tokens: z.unknown() })
      .nullish()
      .catch(undefined),
  })
  .nullish()
  .catch(undefined);

/** Thoughts come under one of two names: DeepSeek's and vLLM's, or OpenRouter's. */
const spoken = {
  content: z.string().nullish(),
  reasoning_content: z.string().nullish().catch(undefined),
  reasoning: z.string().nullish().catch(undefined),
};

const chunkSchema = z.object({
  choices: z
    .array(
      z.object({
        delta: z.object(spoken).nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
  usage: usageSchema,
  error: z.unknown().optional(),
});

const completionSchema = z.object({
  choices: z.array(z.object({ message: z.object(spoken) })).min(1),
  usage: usageSchema,
});

/** Longest event that is waited for: a stream without line ends must not fill the memory. */
const EVENT_LENGTH_MAX = 1_000_000;

/**
 * Reads an OpenAI-compatible answer, streamed or in one piece. Throws when it is malformed,
 * reports an error, or ends before it said that it was complete. Source: OpenAI, "Chat
 * completions", object `chat.completion.chunk`.
 */
export function readCompletion(response: Response): AsyncGenerator<CompletionEvent> {
  const contentType = (response.headers.get('content-type') ?? '').toLowerCase();
  return contentType.includes('text/event-stream') ? readStream(response) : readWhole(response);
}

async function* readWhole(response: Response): AsyncGenerator<CompletionEvent> {
  const completion = completionSchema.parse(await response.json());
  if (completion.usage) yield { kind: 'usage', usage: toUsage(completion.usage) };
  yield* wordsOf(completion.choices[0]!.message);
}

async function* readStream(response: Response): AsyncGenerator<CompletionEvent> {
  if (!response.body) throw new Error('The upstream answered without a body.');
  const events = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream({ maxBufferSize: EVENT_LENGTH_MAX }));
  let complete = false;
  for await (const event of events) {
    const data = event.data.trim();
    // Some keep the connection alive with events that say nothing, instead of comments.
    if (data === '') continue;
    if (data === '[DONE]') return;
    const chunk = chunkSchema.parse(JSON.parse(data));
    if (chunk.error) throw new Error('The upstream reported an error inside its stream.');
    if (chunk.usage) yield { kind: 'usage', usage: toUsage(chunk.usage) };
    // One answer was asked for, so there is one choice; the chunk of the usage has none.
    const choice = chunk.choices?.[0];
    if (choice?.delta) yield* wordsOf(choice.delta);
    complete ||= typeof choice?.finish_reason === 'string';
  }
  if (!complete) throw new Error('The upstream closed its stream in the middle of an answer.');
}

type Spoken = z.infer<z.ZodObject<typeof spoken>>;

function* wordsOf({ content, reasoning_content, reasoning }: Spoken): Generator<CompletionEvent> {
  // Some send both names, one of them empty.
  const thought = reasoning_content || reasoning;
  if (thought) yield { kind: 'reasoning', text: thought };
  if (content) yield { kind: 'text', text: content };
}

function toUsage(usage: NonNullable<z.infer<typeof usageSchema>>): ReportedUsage {
  return {
    promptTokens: usage.prompt_tokens,
    completionTokens: usage.completion_tokens,
    totalTokens: usage.total_tokens,
    cachedTokens: usage.prompt_tokens_details?.cached_tokens,
    reasoningTokens: usage.completion_tokens_details?.reasoning_tokens,
  };
}
