import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Stripe from 'stripe';
import { checkEvent } from '../../schema/index.ts';

/** A webhook endpoint of an application: keeps what it verified. */
export interface Receiver {
  url: string;
  /** Set to what `webhookEndpoints.create` answered. */
  secret: string;
  /** Verified and checked against the SDK's types, in order of arrival. */
  events: Stripe.Event[];
  /** The status to answer an event with; 200 unless told otherwise. */
  answer: (event: Stripe.Event) => number;
  close(): Promise<void>;
}

export async function openReceiver(): Promise<Receiver> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.statusCode = receive(Buffer.concat(chunks), request.headers['stripe-signature']);
      response.end();
    });
  });
  const receive = (body: Buffer, signature: string | string[] | undefined): number => {
    try {
      const event = Stripe.webhooks.constructEvent(body, signature ?? '', receiver.secret);
      const violations = checkEvent(JSON.parse(body.toString()));
      if (violations.length > 0) throw new Error(violations.join('; '));
      receiver.events.push(event);
      return receiver.answer(event);
    } catch (error) {
      failures.push(error);
      return 400;
    }
  };
  const failures: unknown[] = [];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`,
    secret: '',
    events: [],
    answer: () => 200,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (failures.length > 0) throw failures[0];
    },
  };
  return receiver;
}
