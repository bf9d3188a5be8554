import { EventSourceParserStream } from 'eventsource-parser/stream';
import { z } from 'zod';
import type { CompletionEvent, ReportedUsage } from './provider.ts';

/** Whatever is written there, or nothing. */
const anything = z.unknown().optional();

/**
 * Taken as it comes: whether it can be true is judged when the answer is known. Any part may be missing;
 * what is no object at all is a report whose every part cannot be true.
 */
const usageSchema = z
  .object({
    prompt_tokens: anything,
    completion_tokens: anything,
    total_tokens: anything,
    prompt_tokens_details: z.object({ cached_tokens: anything }).nullish().catch(undefined),
    completion_tokens_details: z.object({ reasoning_tokens: anything }).nullish().catch(undefined),
  })
  .nullish()
  .catch({ prompt_tokens: NaN, completion_tokens: NaN });

const words = z.string().nullish().catch(undefined);

/**
 * Thoughts come under one of three names: DeepSeek's and vLLM's, or OpenRouter's two, of which the second says them
 * in parts that may stand alone. A refusal is what is said instead of the content. Nobody offers the model tools; what it writes to one is written all the same.
 */
const spoken = {
  content: z.string().nullish(),
  refusal: words,
  reasoning_content: words,
  reasoning: words,
  reasoning_details: z
    .array(z.object({ text: words, summary: words }))
    .nullish()
    .catch(undefined),
  tool_calls: z
    .array(z.object({ function: z.object({ name: words, arguments: words }).nullish() }))
    .nullish()
    .catch(undefined),
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
  error: anything,
  object: anything,
});

const completionSchema = z.object({
  choices: z.array(z.object({ message: z.object(spoken) })).min(1),
  usage: usageSchema,
});

/** Longest event, or answer in one piece, that is waited for: one without an end must not fill the memory. */
const EVENT_LENGTH_MAX = 1_000_000;

/** Longest stream that is read, its comments and thoughts too: many times what models say and think. */
const STREAM_BYTES_MAX = 32_000_000;

/** How long an upstream that says nothing after its last word is waited for: its report of the usage comes then. */
const LAST_WORD_MS = 3_000;

/**
 * Reads an OpenAI-compatible answer, streamed or in one piece. Throws when it is malformed, too long,
 * reports an error, or ends before it said that it was complete; what happens after that is no failure.
 * Source: OpenAI, "Chat completions", object `chat.completion.chunk`.
 */
export function readCompletion(response: Response): AsyncGenerator<CompletionEvent> {
  const contentType = (response.headers.get('content-type') ?? '').toLowerCase();
  return contentType.includes('text/event-stream') ? readStream(response) : readWhole(response);
}

async function* readWhole(response: Response): AsyncGenerator<CompletionEvent> {
  const body = new Response(bodyWithin(response, EVENT_LENGTH_MAX));
  const completion = completionSchema.parse(await body.json());
  if (completion.usage) yield { kind: 'usage', usage: toUsage(completion.usage) };
  yield* wordsOf(completion.choices[0]!.message);
}

async function* readStream(response: Response): AsyncGenerator<CompletionEvent> {
  const events = bodyWithin(response, STREAM_BYTES_MAX)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(endingItsLastEvent())
    .pipeThrough(new EventSourceParserStream({ maxBufferSize: EVENT_LENGTH_MAX }))
    .getReader();
  const leave = () => events.cancel().catch(() => undefined);
  let lastWord: NodeJS.Timeout | undefined;
  try {
    for (;;) {
      const { done, value } = await events.read();
      if (done) break;
      if (value.data.trim() === '[DONE]') return;
      const chunk = readChunk(value);
      if (!chunk) continue;
      // Beside OpenAI's way: an object of that kind, as vLLM writes it, and an event of that name.
      if (chunk.error || chunk.object === 'error' || value.event === 'error') {
        throw new Error('The upstream reported an error inside its stream.');
      }
      if (chunk.usage && saysSomething(chunk.usage)) {
        yield { kind: 'usage', usage: toUsage(chunk.usage) };
      }
      // One answer was asked for, so there is one choice; the chunk of the usage has none.
      const choice = chunk.choices?.[0];
      for (const word of wordsOf(choice?.delta ?? {})) {
        yield word;
        // It has more to say than it announced.
        lastWord?.refresh();
      }
      if (isLast(choice)) lastWord ??= setTimeout(() => void leave(), LAST_WORD_MS);
    }
  } catch (error) {
    // What breaks behind a whole answer does not take it back.
    if (!lastWord) throw error;
  } finally {
    clearTimeout(lastWord);
    await leave();
  }
  if (!lastWord) throw new Error('The upstream closed its stream in the middle of an answer.');
}

/**
 * What an event says; `undefined` for one that only keeps the connection alive, as some do instead of comments:
 * without data, with what is no object, or with a name of its own and whatever text.
 */
function readChunk({ data, event }: { data: string; event?: string | undefined }) {
  const isNamed = event !== undefined && event !== 'message' && event !== 'error';
  if (data.trim() === '' || (isNamed && !data.trimStart().startsWith('{'))) return undefined;
  const read: unknown = JSON.parse(data);
  return typeof read === 'object' && read !== null ? chunkSchema.parse(read) : undefined;
}

/** A stream may end without the blank line behind its last event: what stands there whole was said. */
function endingItsLastEvent(): TransformStream<string, string> {
  return new TransformStream({ flush: (controller) => controller.enqueue('\n\n') });
}

/**
 * Whether the model has said why it stopped. Some relays write no reason as an empty one, in every chunk;
 * `error` is what some routers say of one that broke off.
 */
function isLast(choice: { finish_reason?: string | null | undefined } | undefined): boolean {
  const reason = choice?.finish_reason ?? '';
  return reason !== '' && reason !== 'error';
}

type Bytes = Uint8Array<ArrayBuffer>;

/** The body, which fails beyond `bytesMax`. */
function bodyWithin(response: Response, bytesMax: number): ReadableStream<Bytes> {
  if (!response.body) throw new Error('The upstream answered without a body.');
  let bytes = 0;
  const counted = new TransformStream<Bytes, Bytes>({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > bytesMax) throw new Error(`The upstream sent more than ${bytesMax} bytes.`);
      controller.enqueue(chunk);
    },
  });
  return response.body.pipeThrough(counted);
}

type Spoken = z.infer<z.ZodObject<typeof spoken>>;

function* wordsOf(said: Spoken): Generator<CompletionEvent> {
  // Some send several names, the same under each, or nothing.
  const thought =
    said.reasoning_content ||
    said.reasoning ||
    said.reasoning_details?.map(({ text, summary }) => text || summary || '').join('');
  if (thought) yield { kind: 'reasoning', text: thought };
  for (const { function: called } of said.tool_calls ?? []) {
    const written = `${called?.name ?? ''}${called?.arguments ?? ''}`;
    if (written) yield { kind: 'reasoning', text: written };
  }
  if (said.content) yield { kind: 'text', text: said.content };
  if (said.refusal) yield { kind: 'text', text: said.refusal };
}

/** An object without a single number is a place for a report, and takes nothing back that was reported. */
function saysSomething(usage: NonNullable<z.infer<typeof usageSchema>>): boolean {
  return Object.values(usage).some((part) => part !== undefined && part !== null);
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
