import { describe, expect, test } from 'vitest';
import { readCompletion } from '../openai-stream.ts';
import type { CompletionEvent } from '../provider.ts';

const STREAM = 'text/event-stream';
const chunk = (content: string) => `data: {"choices":[{"delta":{"content":"${content}"}}]}\n\n`;
const STOP = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n';

async function read(body: string, contentType: string): Promise<CompletionEvent[]> {
  const response = new Response(body, { headers: { 'Content-Type': contentType } });
  const events: CompletionEvent[] = [];
  for await (const event of readCompletion(response)) events.push(event);
  return events;
}

const one = [{ kind: 'text', text: 'one' }];

describe('10.3 a whole answer, as upstreams write it', () => {
  test.each([
    ['as OpenAI does', STREAM, `${chunk('one')}data: [DONE]\n\n`],
    ['with spaces around its end', STREAM, `${chunk('one')}data:  [DONE]  \n\n`],
    ['with an empty event', STREAM, `data:\n\n${chunk('one')}data: [DONE]\n\n`],
    ['with an event of spaces', STREAM, `data:    \n\n${chunk('one')}data: [DONE]\n\n`],
    ['with events of another name', STREAM, `event: ping\ndata: \n\n${chunk('one')}${STOP}`],
    ['with comments', STREAM, `: hello\n\n${chunk('one')}: still\n\ndata: [DONE]\n\n`],
    ['with the line ends of HTTP', STREAM, `${chunk('one')}${STOP}`.replaceAll('\n', '\r\n')],
    ['with a byte order mark', STREAM, `\uFEFF${chunk('one')}${STOP}`],
    ['of a type in capitals', 'Text/Event-Stream; Charset=UTF-8', `${chunk('one')}${STOP}`],
    [
      'in one piece, of a type in capitals',
      'Application/JSON',
      '{"choices":[{"message":{"content":"one"}}]}',
    ],
  ])('%s', async (_case, contentType, body) => {
    expect(await read(body, contentType)).toEqual(one);
  });
});

test.each([
  ['broken off', chunk('one'), 'in the middle of an answer'],
  ['an empty end', `${chunk('one')}data: \n\n`, 'in the middle of an answer'],
  ['no JSON', `${chunk('one')}data: DONE\n\n`, 'JSON'],
  ['an error inside it', 'data: {"error":{"message":"busy"}}\n\n', 'an error inside its stream'],
])('a stream that is no answer is none: %s', async (_case, body, message) => {
  await expect(read(body, STREAM)).rejects.toThrow(message);
});
