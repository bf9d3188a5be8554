import { fork, type ChildProcess } from 'node:child_process';
import { median } from './load.ts';
import { atLeast, printFigures, type Report } from './report.ts';
import { driveWire, requestBytes } from './wire.ts';

/** As many as it takes for commits not to be what is measured. */
const CONNECTIONS = 256;
const SHARE_MIN = 0.7;

/**
 * What the way through HTTP costs beside a bare Hono that does as little as one can: one event with
 * the same check of the token, and a route with and without a person's token.
 */
export async function benchHttpShare(
  options: { port: number; token: string; tenants: string[]; key: () => string },
  report: Report,
  pace: { rounds: number; seconds: number },
): Promise<void> {
  const { port, token, tenants, key } = options;
  const bare = fork(new URL('./bare-app.ts', import.meta.url), [token]);
  try {
    const { port: barePort, accessToken } = await toldBy(bare);
    const event = () => {
      const tenantId = tenants[Math.floor(Math.random() * tenants.length)]!;
      const one = { tenantId, resourceType: 'messages', amount: 1, idempotencyKey: key() };
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
      return requestBytes('POST', '/api/usage/events', headers, JSON.stringify({ events: [one] }));
    };
    const open = requestBytes('GET', '/open', {});
    const signed = requestBytes('GET', '/signed', { Authorization: `Bearer ${accessToken}` });
    const drive = (to: number, next: () => string) =>
      driveWire({ port: to, next, connections: CONNECTIONS, seconds: pace.seconds });
    const rounds: Round[] = [];
    for (let round = -1; round < pace.rounds; round += 1) {
      const measured = {
        bareEvents: await drive(barePort, event),
        events: await drive(port, event),
        open: await drive(barePort, () => open),
        signed: await drive(barePort, () => signed),
      };
      // The first of each warms up.
      if (round >= 0) rounds.push(measured);
    }
    tell(rounds, report);
  } finally {
    bare.kill('SIGTERM');
  }
}

type Round = Record<'bareEvents' | 'events' | 'open' | 'signed', number>;

function tell(rounds: Round[], report: Report): void {
  const of = (name: keyof Round) => median(rounds.map((round) => round[name]));
  const figures = [
    { name: 'bare Hono with the check of the token', value: of('bareEvents'), unit: '/s' },
    { name: 'one event a request', value: of('events'), unit: '/s' },
    { name: 'a route of bare Hono', value: of('open'), unit: '/s' },
    { name: "the same behind a person's token", value: of('signed'), unit: '/s' },
  ];
  printFigures('The way through HTTP', figures);
  report.figures.push(...figures);
  const events = median(rounds.map((round) => round.events / round.bareEvents));
  const signed = median(rounds.map((round) => round.signed / round.open));
  report.criteria.push(
    atLeast('one event over HTTP, share of bare Hono', events, SHARE_MIN, ''),
    atLeast("a route with a person's token, share of without", signed, SHARE_MIN, ''),
  );
}

function toldBy(bare: ChildProcess): Promise<{ port: number; accessToken: string }> {
  return new Promise((resolve, reject) => {
    bare.once('message', (message) => resolve(message as { port: number; accessToken: string }));
    bare.once('exit', (code) => reject(new Error(`The bare app ended with ${code}.`)));
  });
}
