import { afterEach, describe, expect, test, vi } from 'vitest';
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
    ['with a name and a word', STREAM, `event: keep-alive\ndata: on\n\n${chunk('one')}${STOP}`],
    ['with nothing in JSON', STREAM, `data: null\n\n${chunk('one')}data: 1\n\n${STOP}`],
    ['with an end without its line', STREAM, `${chunk('one')}data: [DONE]`],
    ['with a last event without its blank line', STREAM, `${chunk('one')}${STOP.trimEnd()}\n`],
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
  ['a last event cut off', `${chunk('one')}${STOP.slice(0, -5)}`, 'JSON'],
  ['no JSON', `${chunk('one')}data: DONE\n\n`, 'JSON'],
  ['an error inside it', 'data: {"error":{"message":"busy"}}\n\n', 'an error inside its stream'],
  [
    'an object that is an error, and its end',
    `${chunk('one')}data: {"object":"error","message":"busy","code":400}\n\ndata: [DONE]\n\n`,
    'an error inside its stream',
  ],
  [
    'an event that is an error, and its end',
    `${chunk('one')}event: error\ndata: {"message":"busy"}\n\ndata: [DONE]\n\n`,
    'an error inside its stream',
  ],
])('a stream that is no answer is none: %s', async (_case, body, message) => {
  await expect(read(body, STREAM)).rejects.toThrow(message);
});

describe('10.2 what is reported is read in whatever shape it comes', () => {
  const reports = async (usage: string) =>
    (await read(`${chunk('one')}data: {"usage":${usage}}\n\n${STOP}`, STREAM)).flatMap((event) =>
      event.kind === 'usage' ? [event.usage] : [],
    );

  test.each<[string, string, object]>([
    [
      'without a total',
      '{"prompt_tokens":50,"completion_tokens":20}',
      { promptTokens: 50, completionTokens: 20 },
    ],
    ['a total alone', '{"total_tokens":70}', { totalTokens: 70 }],
    ['one part', '{"completion_tokens":20}', { completionTokens: 20 }],
    [
      'details with other names',
      '{"completion_tokens":20,"prompt_tokens_details":{"audio_tokens":1},"completion_tokens_details":7}',
      { completionTokens: 20 },
    ],
    ['a list', '[50,20,70]', { promptTokens: NaN, completionTokens: NaN }],
    ['a word', '"many"', { promptTokens: NaN, completionTokens: NaN }],
  ])('%s', async (_case, usage, told) => {
    expect(await reports(usage)).toEqual([told]);
  });

  test.each(['null', '{}', '{"total_tokens":null}'])(
    'and nothing where it is %s',
    async (usage) => {
      expect(await reports(usage)).toEqual([]);
    },
  );
});

describe('10.2 what the model writes is heard wherever it writes it', () => {
  const delta = (said: object) => `data: ${JSON.stringify({ choices: [{ delta: said }] })}\n\n`;
  const call = (name: string | null, written: string) => ({
    tool_calls: [{ index: 0, function: { name, arguments: written } }],
  });

  test.each<[string, object[], CompletionEvent[]]>([
    ['a refusal is said', [{ refusal: 'No.' }], [{ kind: 'text', text: 'No.' }]],
    [
      'calls of tools are shown to nobody, and count',
      [call('look_up', ''), call(null, '{"a":1}')],
      [
        { kind: 'reasoning', text: 'look_up' },
        { kind: 'reasoning', text: '{"a":1}' },
      ],
    ],
    [
      'thoughts in parts alone, of which some are sealed',
      [{ reasoning_details: [{ text: 'Hm' }, { summary: '…' }, { type: 'sealed', data: 'x' }] }],
      [{ kind: 'reasoning', text: 'Hm…' }],
    ],
    [
      'thoughts under two names, once',
      [{ reasoning: 'Hm', reasoning_details: [{ text: 'Hm' }] }],
      [{ kind: 'reasoning', text: 'Hm' }],
    ],
    [
      'thoughts of another shape',
      [{ reasoning_details: 'none', content: 'one' }],
      one as CompletionEvent[],
    ],
    ['calls of another shape', [{ tool_calls: 'none', content: 'one' }], one as CompletionEvent[]],
  ])('%s', async (_case, deltas, heard) => {
    expect(await read(`${deltas.map(delta).join('')}${STOP}`, STREAM)).toEqual(heard);
    const whole = JSON.stringify({ choices: [{ message: deltas[0] }] });
    expect(await read(whole, 'application/json')).toEqual(heard.slice(0, 1));
  });
});

describe('10.3 an answer goes on behind what its relay gives for a reason to stop', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test.each([
    ['an empty one in every chunk', ['', '', '', '', 'stop']],
    ['one in every chunk', ['stop', 'stop', 'stop', 'stop', 'stop']],
    ['one that comes too early', ['stop', null, null, null, null]],
  ])('%s', async (_case, reasons) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { readable, writable } = new TextEncoderStream();
    const relay = writable.getWriter();
    const headers = { 'Content-Type': STREAM };
    const events = readCompletion(new Response(readable, { headers }));
    for (const [place, reason] of reasons.entries()) {
      const choice = { delta: { content: `word ${place}` }, finish_reason: reason };
      void relay.write(`data: ${JSON.stringify({ choices: [choice] })}\n\n`);
      expect((await events.next()).value).toEqual({ kind: 'text', text: `word ${place}` });
      vi.advanceTimersByTime(2_000);
    }
    void relay.write('data: [DONE]\n\n');
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });
});
