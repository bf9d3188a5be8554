import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { sourceFiles } from '../../../tests/architecture/files.ts';
import { isDatabaseAway } from '../database-error.ts';
import { migrateDatabase, planMigration } from '../migrate.ts';

/** Where connections are taken, and nothing is ever said. */
async function startHangingServer(): Promise<string> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `postgres://user:password@127.0.0.1:${(server.address() as AddressInfo).port}/name`;
}

test('10.22 a server that hangs keeps no migration, and so no start, waiting', async () => {
  const url = await startHangingServer();
  const ends = await Promise.allSettled([migrateDatabase(url), planMigration(url)]);
  for (const end of ends) {
    expect(end.status).toBe('rejected');
    expect(isDatabaseAway((end as PromiseRejectedResult).reason)).toBe(true);
  }
});

test('10.22 every connection is made within a time', () => {
  const made = sourceFiles('src').flatMap(({ path, text }) =>
    /\.(test|spec)\.ts$|__tests__/.test(path)
      ? []
      : text
          .split(/new pg\.(?:Client|Pool)\(/)
          .slice(1)
          .map((rest) => ({ path, options: rest.slice(0, rest.indexOf(');')) })),
  );
  expect(made.length).toBeGreaterThan(4);
  const endless = made.filter(({ options }) => !options.includes('connectionTimeoutMillis'));
  expect(endless.map(({ path }) => path)).toEqual([]);
});
