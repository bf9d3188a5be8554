import { expect, test } from 'vitest';
import { problemOf } from '../api-problem.ts';
import { readEvents } from '../event-stream.ts';

function responseOf(...pieces: string[]): Response {
  const bytes = pieces.map((piece) => new TextEncoder().encode(piece));
  return new Response(
    new ReadableStream({
      start(controller) {
        for (const piece of bytes) controller.enqueue(piece);
        controller.close();
      },
    }),
  );
}

test('events are put together however the network cuts them', async () => {
  const text = 'event: delta\ndata: {"text":"雪"}\n\n: heartbeat\n\nevent: done\ndata: {}\n\n';
  for (let cut = 1; cut < text.length; cut += 1) {
    const events = [];
    for await (const event of readEvents(responseOf(text.slice(0, cut), text.slice(cut)))) {
      events.push([event.event, event.data]);
    }
    expect(events).toEqual([
      ['delta', '{"text":"雪"}'],
      ['done', '{}'],
    ]);
  }
});

test.each([
  [429, { code: 'quota_exceeded', error: 'x', details: { resource: 'images' } }, 'quota_exceeded'],
  [401, undefined, 'unauthenticated'],
  [429, '<html>', 'rate_limited'],
  [502, undefined, 'busy'],
  [500, { code: 'something_new' }, 'internal'],
  [418, {}, 'invalid_request'],
])('an answer %i with %j is a problem of the kind %s', (status, body, code) => {
  expect(problemOf(status, body).code).toBe(code);
});
