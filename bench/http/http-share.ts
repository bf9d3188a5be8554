import { fork, type ChildProcess } from 'node:child_process';
import { median } from '../load.ts';
import { atLeast, printFigures, type Report } from '../report.ts';
import { driveWire, requestBytes } from './wire.ts';

/** As many as it takes for many to share a commit. */
const CONNECTIONS = 256;
const SHARE_MIN = 0.7;

/**
 * What the way through HTTP costs beside a bare Hono with the same check of the token: one event beside
 * one that it inserts, so that it waits for as many commits as ours, and a route with and without a
 * person's token.
 */
export async function benchHttpShare(
  options: Share,
  report: Report,
  pace: { rounds: number; seconds: number },
): Promise<void> {
  const { port, token, tenants, key } = options;
  const bare = fork(new URL('./bare-app.ts', import.meta.url), [token, options.databaseUrl]);
  try {
    const { port: barePort, accessToken } = await firstMessageOf(bare);
    const eventTo = (path: string) => {
      const [tenantId, idempotencyKey] = [tenants[0]!, key()];
      const one = { tenantId, resourceType: 'messages', amount: 1, idempotencyKey };
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
      const whole = requestBytes('POST', path, headers, JSON.stringify({ events: [one] }));
      // Tenants and keys are of one length: what is the same in all requests is made once.
      const [head, middle, end] = whole.split(new RegExp(`${tenantId}|${idempotencyKey}`));
      return () =>
        head + tenants[Math.floor(Math.random() * tenants.length)]! + middle + key() + end;
    };
    const event = eventTo('/api/usage/events');
    const open = requestBytes('GET', '/open', {});
    const signed = requestBytes('GET', '/signed', { Authorization: `Bearer ${accessToken}` });
    const drive = (to: number, next: () => string) =>
      driveWire({
        port: to,
        speaker: () => next,
        connections: CONNECTIONS,
        seconds: pace.seconds,
      });
    const rounds: Round[] = [];
    for (let round = -1; round < pace.rounds; round += 1) {
      const measured = {
        bareEvents: await drive(barePort, event),
        events: await drive(port, event),
        forgotten: await drive(barePort, eventTo('/forgotten')),
        open: await drive(barePort, () => open),
        signed: await drive(barePort, () => signed),
      };
      // The first of each warms up.
      if (round >= 0) rounds.push(measured);
    }
    addFigures(rounds, report);
  } finally {
    bare.kill('SIGTERM');
  }
}

interface Share {
  port: number;
  token: string;
  tenants: string[];
  databaseUrl: string;
  key: () => string;
}

type Round = Record<'bareEvents' | 'events' | 'forgotten' | 'open' | 'signed', number>;

function addFigures(rounds: Round[], report: Report): void {
  const of = (name: keyof Round) => median(rounds.map((round) => round[name]));
  const figures = [
    { name: 'bare Hono, token checked and inserted', value: of('bareEvents'), unit: '/s' },
    { name: 'bare Hono, token checked, nothing written', value: of('forgotten'), unit: '/s' },
    { name: 'one event a request', value: of('events'), unit: '/s' },
    { name: 'a route of bare Hono', value: of('open'), unit: '/s' },
    { name: "the same behind a person's token", value: of('signed'), unit: '/s' },
  ];
  const share = (name: keyof Round, beside: keyof Round) =>
    median(rounds.map((round) => round[name] / round[beside]));
  // Told and not judged: what is forgotten waits for no commit.
  const forgotten = share('events', 'forgotten');
  figures.push({ name: 'one event, share of nothing written', value: forgotten, unit: '×' });
  printFigures('The way through HTTP', figures);
  report.figures.push(...figures);
  const least = (name: string, value: number) => atLeast(name, value, SHARE_MIN, '×');
  report.criteria.push(
    least(
      'one event over HTTP: share of bare Hono with the same check of the token',
      share('events', 'bareEvents'),
    ),
    least("a route with a person's token: share of the same without", share('signed', 'open')),
  );
}

function firstMessageOf(bare: ChildProcess): Promise<{ port: number; accessToken: string }> {
  return new Promise((resolve, reject) => {
    bare.once('message', (message) => resolve(message as { port: number; accessToken: string }));
    bare.once('exit', (code) => reject(new Error(`The bare app ended with ${code}.`)));
  });
}
