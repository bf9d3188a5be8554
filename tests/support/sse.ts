import { createParser } from 'eventsource-parser';

export interface StreamedEvent {
  event: string;
  data: Record<string, unknown>;
}

/** The events of a stream, as they arrive, their data parsed. */
export async function* readEvents(response: Response): AsyncGenerator<StreamedEvent> {
  const arrived: StreamedEvent[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) =>
      arrived.push({
        event: event ?? 'message',
        data: JSON.parse(data) as Record<string, unknown>,
      }),
  });
  if (!response.body) throw new Error('The answer has no body.');
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    parser.feed(text);
    yield* arrived.splice(0);
  }
}

/** All events of a stream that ends. */
export async function collectEvents(response: Response): Promise<StreamedEvent[]> {
  const events: StreamedEvent[] = [];
  for await (const event of readEvents(response)) events.push(event);
  return events;
}
