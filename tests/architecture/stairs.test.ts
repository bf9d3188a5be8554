import { describe, expect, test } from 'vitest';
import { sourceFiles, type SourceFile } from './files.ts';

/**
 * The rooms of the server from the ground up: each knows those above it in this list, and none below.
 * A file beside the rooms is one of its own.
 */
const SERVER = [
  'config',
  'error-text',
  'clock',
  'log',
  'principal',
  'metrics',
  'jobs',
  'streams',
  'drain',
  'services/operations',
  'services/mail',
  'services/stripe',
  'services/usage',
  'services/feature',
  'services/billing',
  'services/accounts',
  'services/chat',
  'context',
  'app-env',
  'middleware',
  'webhooks',
  'routes',
  'openapi',
  'app',
  'schedule',
  'index',
];

/** A service whose name is fixed is the front door of its room. */
const FRONT_DOORS: Record<string, string> = {
  'services/stripe.service': 'services/stripe',
  'services/usage.service': 'services/usage',
  'services/feature.service': 'services/feature',
  'services/subscription.service': 'services/billing',
};

/** The same within a room, folder by folder; what is not named here stands above them. */
const WITHIN = {
  'services/billing': [
    'requester.ts',
    'locks',
    'sync',
    'remedy',
    'intents',
    'stripe-event',
    'subscription',
  ],
  'services/usage': [
    'entitlements.ts',
    'metrics.ts',
    'live-usage.ts',
    'calls',
    'batching',
    'metering-deps.ts',
    'ledger',
  ],
  'services/stripe': ['client', 'snapshots'],
  'services/chat': ['upstream'],
} as const;

const product = sourceFiles('src').filter(
  (file) => !/\.(test|spec)\.ts$|__tests__/.test(file.path),
);
const server = product.filter((file) => file.path.startsWith('src/server/'));

/** `services/billing` of `src/server/services/billing/sync/findings.ts`; `log` of `src/server/log.ts`. */
function roomOf(file: string): string | undefined {
  const inside = /^src\/server\/(.+)\.ts$/.exec(file)?.[1];
  if (inside === undefined) return undefined;
  if (inside in FRONT_DOORS) return FRONT_DOORS[inside];
  return inside
    .split('/')
    .slice(0, inside.startsWith('services/') ? 2 : 1)
    .join('/');
}

/** What `files` import from a place that `placeOf` puts higher than their own. */
function upwards(files: SourceFile[], placeOf: (file: string) => number | undefined): string[] {
  return files.flatMap((file) => {
    const own = placeOf(file.path);
    return file.imports
      .filter(({ from }) => own !== undefined && (placeOf(from) ?? -1) > own)
      .map(({ from }) => `${file.path} imports ${from}`);
  });
}

describe('11 the stairs of the server run one way', () => {
  test('every room and every file beside them has its place', () => {
    const rooms = new Set(server.map((file) => roomOf(file.path)));
    expect([...rooms].filter((room) => !SERVER.includes(room!))).toEqual([]);
    expect(SERVER.filter((room) => !rooms.has(room))).toEqual([]);
  });

  test('no arrow runs up', () => {
    const placeOf = (file: string) => {
      const room = roomOf(file);
      return room === undefined ? undefined : SERVER.indexOf(room);
    };
    expect(upwards(server, placeOf)).toEqual([]);
  });

  test.each(Object.entries(WITHIN))('no arrow runs up within %s', (room, folders) => {
    const placeOf = (file: string) => {
      if (roomOf(file) !== room) return undefined;
      const inside = file.slice(`src/server/${room}/`.length).split('/');
      const place = (folders as readonly string[]).indexOf(inside[0]!);
      return place === -1 ? folders.length : place;
    };
    expect(upwards(server, placeOf)).toEqual([]);
  });
});

describe('11 a newcomer takes a room in at a glance', () => {
  /** Folders, and files beside them, of one folder of the source; tests left out. */
  const ENTRIES_MAX = 20;
  /** Lists, in which one looks up a name: each with what its entries are. */
  const LISTS: Record<string, string> = {
    'src/db/schema': 'tables',
    'src/client/composables': 'composables',
    'src/server/routes': 'the calls of the API',
    'src/db/migrations': 'migrations, in order',
  };

  test('no folder is a long list, unless it is one', () => {
    const entries = new Map<string, Set<string>>();
    for (const { path } of product) {
      const parts = path.split('/');
      for (let depth = 1; depth < parts.length; depth += 1) {
        const folder = parts.slice(0, depth).join('/');
        entries.set(folder, (entries.get(folder) ?? new Set()).add(parts[depth]!));
      }
    }
    const long = [...entries]
      .filter(([folder, { size }]) => size > ENTRIES_MAX && !(folder in LISTS))
      .map(([folder, { size }]) => `${folder}: ${size}`);
    expect(long).toEqual([]);
  });
});
