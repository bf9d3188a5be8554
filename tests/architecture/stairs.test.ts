import { describe, expect, test } from 'vitest';
import { sourceFiles, type SourceFile } from './files.ts';

/**
 * The rooms of the server from the ground up: each knows those above it in this list, and none below.
 * A file beside the rooms is one of its own.
 */
const SERVER = [
  'config',
  'clock',
  'log',
  'principal',
  'metrics',
  'jobs',
  'streams',
  'drain',
  'services/operations',
  'services/mail',
  'services/plans',
  'services/stripe',
  'services/usage',
  'services/feature',
  'services/billing',
  'services/accounts',
  'services/chat',
  'services/operators',
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

/** The same of the pages. */
const PAGES = {
  'src/client': [
    'chat',
    'session',
    'subscription',
    'i18n',
    'services',
    'settings',
    'stores',
    'composables',
    'components/feedback',
    'components/shell',
    'components/chat',
    'components/community',
    'components/settings',
    'components/account',
    'components/team',
    'components/usage',
    'components/payments',
    'components/credits',
    'components/subscription',
    'components/checkout',
    'components/paywall',
    'components/admin',
    'pages',
    'router',
    'App',
    'main',
  ],
} as const;

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
    'routing',
    'metering-deps.ts',
    'ledger',
    'spread',
  ],
  'services/stripe': ['client', 'snapshots'],
  'services/chat': ['upstream'],
} as const;

const product = sourceFiles('src').filter(
  (file) => !/\.(test|spec)\.ts$|__tests__/.test(file.path),
);

/**
 * `services/billing` of `services/billing/sync/findings.ts`, `log` of `log.ts`: the rooms of `services`
 * and `components` count one by one.
 */
function roomOf(part: string, file: string): string | undefined {
  const inside = file.startsWith(`${part}/`) ? file.slice(part.length + 1) : undefined;
  if (inside === undefined || !/\.(ts|vue)$/.test(inside)) return undefined;
  const name = inside.replace(/\.\w+$/, '');
  if (name in FRONT_DOORS) return FRONT_DOORS[name];
  const deep = part === 'src/server' ? /^services\// : /^components\//;
  return name
    .split('/')
    .slice(0, deep.test(name) ? 2 : 1)
    .join('/');
}

/** What is imported from a place that `placeOf` puts higher than the importer's own. */
function upwards(placeOf: (file: string) => number | undefined): string[] {
  return product.flatMap((file: SourceFile) => {
    const own = placeOf(file.path);
    return file.imports
      .filter(({ from }) => own !== undefined && (placeOf(from) ?? -1) > own)
      .map(({ from }) => `${file.path} imports ${from}`);
  });
}

describe.each(Object.entries({ 'src/server': SERVER, ...PAGES }))(
  '11 the stairs of %s run one way',
  (part, rooms: readonly string[]) => {
    test('every room and every file beside them has its place', () => {
      const found = new Set(product.flatMap(({ path }) => roomOf(part, path) ?? []));
      expect([...found].filter((room) => !rooms.includes(room))).toEqual([]);
      expect(rooms.filter((room) => !found.has(room))).toEqual([]);
    });

    test('no arrow runs up', () => {
      const placeOf = (file: string) => {
        const room = roomOf(part, file);
        return room === undefined ? undefined : rooms.indexOf(room);
      };
      expect(upwards(placeOf)).toEqual([]);
    });
  },
);

test.each(Object.entries(WITHIN))('11 no arrow runs up within %s', (room, folders) => {
  const placeOf = (file: string) => {
    if (roomOf('src/server', file) !== room) return undefined;
    const inside = file.slice(`src/server/${room}/`.length).split('/');
    const place = (folders as readonly string[]).indexOf(inside[0]!);
    return place === -1 ? folders.length : place;
  };
  expect(upwards(placeOf)).toEqual([]);
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
