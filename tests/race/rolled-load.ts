import { expect, vi } from 'vitest';
import type { Pool } from 'pg';
import type { SessionView } from '../../src/domain/api.ts';
import type { Balancer } from '../support/balancer.ts';
import type { Script } from '../support/openai-server.ts';
import { readEvents } from '../support/sse.ts';
import type { RolledProcess } from './rolled-process.ts';

type Session = Pick<SessionView, 'accessToken' | 'tenant'>;

/** People and services at work, until they are told to rest; what they were told is kept. */
export class Load {
  readonly failures: string[] = [];
  readonly chats: string[] = [];
  readonly events: string[] = [];
  readonly #resting = new AbortController();
  readonly #all: Promise<void>[];
  readonly #url: string;
  readonly #session: Session;
  readonly #ingestToken: string;

  constructor(url: string, session: Session, ingestToken: string) {
    this.#url = url;
    this.#session = session;
    this.#ingestToken = ingestToken;
    const kinds = [
      () => this.#talk(),
      () => this.#talk(),
      () => this.#read(),
      () => this.#report(),
    ];
    this.#all = [...kinds, ...kinds, ...kinds].map((act) => this.#repeat(act));
  }

  async rest(): Promise<void> {
    this.#resting.abort();
    await Promise.all(this.#all);
  }

  async #repeat(act: () => Promise<void>): Promise<void> {
    while (!this.#resting.signal.aborted) {
      await act().catch((error: unknown) => {
        const { cause } = error as { cause?: unknown };
        this.failures.push(`${String(error)} ${String(cause ?? '')}`);
      });
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  async #talk(): Promise<void> {
    const response = await this.#send('POST', '/api/chat', this.#session.accessToken, {
      message: 'Tell me some words',
    });
    let last = '';
    for await (const { event, data } of readEvents(response)) {
      last = event;
      if (event === 'done') this.chats.push(String(data['messageId']));
    }
    if (last !== 'done') throw new Error(`A chat was cut; its last word was "${last}".`);
  }

  async #read(): Promise<void> {
    const answer = await this.#send('GET', '/api/subscription/usage', this.#session.accessToken);
    await answer.json();
  }

  async #report(): Promise<void> {
    const idempotencyKey = `roll-${Math.random()}`;
    const tenantId = this.#session.tenant.id;
    const answer = await this.#send('POST', '/api/usage/events', this.#ingestToken, {
      events: [{ tenantId, resourceType: 'images', amount: 1, enforce: false, idempotencyKey }],
    });
    const { results } = (await answer.json()) as { results: { status: string }[] };
    if (results[0]!.status !== 'recorded') throw new Error(JSON.stringify(results));
    this.events.push(idempotencyKey);
  }

  async #send(method: string, address: string, token: string, body?: object): Promise<Response> {
    const response = await fetch(this.#url + address, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (response.ok) return response;
    throw new Error(`${method} ${address}: ${response.status} ${await response.text()}`);
  }
}

/** Answers that outlast the pause, so that some are under way when the socket is shut. */
export function slowWords(): Script {
  const word = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'word ' } }] })}\n\n`;
  const parts = [...Array.from({ length: 16 }, () => word), 'data: [DONE]\n\n'];
  return { words: [], raw: { parts, everyMs: 120 } };
}

/** Replaces each process, `rolls` times, once the load has come through and while it goes on. */
export async function rollUnderLoad(
  rolls: number,
  processes: readonly RolledProcess[],
  balancer: Balancer,
  load: Load,
): Promise<void> {
  for (let roll = 0; roll < rolls; roll += 1) {
    for (const one of processes) {
      const [chats, events] = [load.chats.length, load.events.length];
      await vi.waitFor(() => expect(load.chats.length).toBeGreaterThan(chats), 120_000);
      await one.stop();
      one.start();
      await balancer.sees(one.url, true);
      expect(load.events.length).toBeGreaterThan(events);
    }
  }
}

/** Everything that was answered as done stands in the ledger. */
export async function assertAllWritten(pool: Pool, load: Load): Promise<void> {
  await assertInLedger(pool, `metadata->>'messageId'`, load.chats);
  await assertInLedger(pool, 'idempotency_key', load.events);
}

async function assertInLedger(pool: Pool, column: string, told: string[]): Promise<void> {
  const { rows } = await pool.query<{ key: string }>(
    `select distinct ${column} as key from u00.usage where ${column} is not null`,
  );
  const written = new Set(rows.map(({ key }) => key));
  expect(told.filter((key) => !written.has(key))).toEqual([]);
}
