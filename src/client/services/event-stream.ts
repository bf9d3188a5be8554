import { createParser, type EventSourceMessage } from 'eventsource-parser';

/**
 * The events of a response, as they arrive. `EventSource` cannot send our token, nor POST, so the
 * stream is read from `fetch`.
 */
export async function* readEvents(response: Response): AsyncGenerator<EventSourceMessage> {
  const arrived: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => arrived.push(event) });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (value) parser.feed(value);
      yield* arrived.splice(0);
      if (done) return;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
