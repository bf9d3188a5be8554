import { EventSourceParserStream } from 'eventsource-parser/stream';
import { z } from 'zod';
import type { CompletionEvent, TokenUsage } from './provider.ts';

/** A count that is not a count is as good as none: we then count ourselves. */
const usageSchema = z
  .object({
    prompt_tokens: z.int().nonnegative(),
    completion_tokens: z.int().nonnegative(),
    total_tokens: z.int().nonnegative().optional(),
  })
  .nullish()
  .catch(undefined);

const chunkSchema = z.object({
  choices: z
    .array(
      z.object({
        delta: z.object({ content: z.string().nullish() }).nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
  usage: usageSchema,
  error: z.unknown().optional(),
});

const completionSchema = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string().nullable() }) })).min(1),
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
  const contentType = response.headers.get('content-type') ?? '';
  return contentType.includes('text/event-stream') ? readStream(response) : readWhole(response);
}

async function* readWhole(response: Response): AsyncGenerator<CompletionEvent> {
  const completion = completionSchema.parse(await response.json());
  const text = completion.choices[0]?.message.content ?? '';
  if (completion.usage) yield { kind: 'usage', usage: toUsage(completion.usage) };
  if (text !== '') yield { kind: 'text', text };
}

async function* readStream(response: Response): AsyncGenerator<CompletionEvent> {
  if (!response.body) throw new Error('The upstream answered without a body.');
  const events = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream({ maxBufferSize: EVENT_LENGTH_MAX }));
  let complete = false;
  for await (const { data } of events) {
    if (data === '[DONE]') return;
    const chunk = chunkSchema.parse(JSON.parse(data));
    if (chunk.error) throw new Error('The upstream reported an error inside its stream.');
    if (chunk.usage) yield { kind: 'usage', usage: toUsage(chunk.usage) };
    // One answer was asked for, so there is one choice; the chunk of the usage has none.
    const choice = chunk.choices?.[0];
    if (choice?.delta?.content) yield { kind: 'text', text: choice.delta.content };
    complete ||= typeof choice?.finish_reason === 'string';
  }
  if (!complete) throw new Error('The upstream closed its stream in the middle of an answer.');
}

function toUsage(usage: NonNullable<z.infer<typeof usageSchema>>): TokenUsage {
  return {
    promptTokens: usage.prompt_tokens,
    completionTokens: usage.completion_tokens,
    totalTokens: usage.total_tokens ?? usage.prompt_tokens + usage.completion_tokens,
  };
}
