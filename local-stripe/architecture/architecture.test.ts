import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { circles } from './circles.ts';
import { roomOf, sources } from './sources.ts';
import type { Source } from './sources.ts';

/** From the ground up: a room knows those on its left, and none on its right. */
const stairs = [
  'kernel',
  'schema',
  'billing',
  'checkout',
  'portal',
  'resources',
  'control',
  'pages',
  'server',
  'index',
  'main',
];
/** The same within billing, folder by folder; what lies in none of them is below all. */
const billing = [
  'catalog',
  'discount',
  'tax',
  'payment',
  'customer',
  'invoice',
  'credit-note',
  'subscription',
  'schedule',
  'preview',
  'payer',
];
/** What stands on its own floor: siblings on one floor do not know each other. */
const siblings = [['checkout', 'portal']];

const isTest = (file: Source) =>
  /\.test\.ts$|\/testing\/|^(contract|architecture|pack|recordings)\/|^vitest\./.test(file.path);
const all = sources();
const built = all.filter((file) => !isTest(file));

describe('8 the stairs run one way', () => {
  test('every room has its place', () => {
    const rooms = new Set(built.map((file) => roomOf(file.path)));
    expect([...rooms].filter((room) => !stairs.includes(room))).toEqual([]);
  });

  test('no arrow runs up', () => {
    const up = built.flatMap((file) =>
      file.imports
        .filter((other) => stairs.indexOf(roomOf(other)) > stairs.indexOf(roomOf(file.path)))
        .map((other) => `${file.path} imports ${other}`),
    );
    expect(up).toEqual([]);
  });

  test('no arrow runs up within billing', () => {
    const place = (file: string) => billing.indexOf(/^billing\/([^/]+)\//.exec(file)?.[1] ?? '');
    const up = built
      .filter((file) => file.path.startsWith('billing/'))
      .flatMap((file) =>
        file.imports
          .filter((other) => place(other) > place(file.path))
          .map((other) => `${file.path} imports ${other}`),
      );
    expect(up).toEqual([]);
    const folders = new Set(built.map(({ path }) => /^billing\/([^/]+)\//.exec(path)?.[1]));
    folders.delete(undefined);
    expect([...folders].filter((folder) => !billing.includes(folder!))).toEqual([]);
  });

  test('the kernel knows no object of Stripe’s', () => {
    const kernel = built.filter(({ path }) => path.startsWith('kernel/'));
    const knowing = kernel.filter(({ text }) => /from 'stripe'/.test(text));
    expect(knowing.map(({ path }) => path)).toEqual([]);
  });

  test('8 the kernel has none of billing’s settings: billing adds its own', () => {
    const words = /\b\w*(retrySettings|invoice|subscription|delayed|tax|upcoming)\w*\b/gi;
    const found = built
      .filter(({ path }) => path.startsWith('kernel/'))
      .flatMap(({ path, text }) => {
        const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
        return [...code.matchAll(words)].map(([word]) => `${path}: ${word}`);
      });
    expect(found).toEqual([]);
  });

  test('a room keeps and takes only what it or a room below has declared', () => {
    const declared = built
      .filter(({ path }) => /(^|\/)kinds\.ts$/.test(path))
      .flatMap(({ path, text }) =>
        [...text.matchAll(/^ +'?([\w.]+)'?: /gm)].map(([, kind]) => ({ kind: kind!, path })),
      );
    expect(declared.length).toBeGreaterThan(35);
    const above = built.flatMap(({ path, text }) =>
      declared
        .filter((one) => stairs.indexOf(roomOf(one.path)) > stairs.indexOf(roomOf(path)))
        .filter(({ kind }) => new RegExp(`(store\\.\\w+|update)\\(\\s*'${kind}'`).test(text))
        .map(({ kind }) => `${path} takes ${kind}`),
    );
    expect(above).toEqual([]);
  });

  test('siblings do not know each other', () => {
    const across = built.flatMap((file) =>
      file.imports
        .filter((other) => roomOf(other) !== roomOf(file.path))
        .filter((other) =>
          siblings.some((pair) => pair.includes(roomOf(other)) && pair.includes(roomOf(file.path))),
        )
        .map((other) => `${file.path} imports ${other}`),
    );
    expect(across).toEqual([]);
  });

  test('no files import each other in a circle', () => {
    expect(circles(new Map(built.map((file) => [file.path, file.imports])))).toEqual([]);
  });

  test('a circle would be found', () => {
    const round = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b', 'd']],
      ['d', []],
    ]);
    expect(circles(round)).toEqual([['b', 'c']]);
  });
});

describe('8 the package stands alone', () => {
  const manifest = JSON.parse(
    readFileSync(path.resolve(import.meta.dirname, '../package.json'), 'utf8'),
  ) as { dependencies: Record<string, string>; devDependencies: Record<string, string> };

  test('no file imports anything outside it', () => {
    const outside = all.flatMap((file) =>
      file.imports
        .filter((other) => other.startsWith('../'))
        .map((other) => `${file.path} imports ${other}`),
    );
    expect(outside).toEqual([]);
  });

  test('what it imports it depends on, in exactly one version', () => {
    const { dependencies, devDependencies } = manifest;
    const missing = all.flatMap((file) =>
      file.packages
        .filter(
          (name) => !(name in dependencies) && !(isDeveloped(file) && name in devDependencies),
        )
        .map((name) => `${file.path} imports ${name}`),
    );
    expect(missing).toEqual([]);
    const loose = Object.values({ ...dependencies, ...devDependencies }).filter(
      (version) => !/^\d+\.\d+\.\d+$/.test(version),
    );
    expect(loose).toEqual([]);
  });
});

/** Tests, and what makes the schema anew: neither is packed. */
function isDeveloped(file: Source): boolean {
  return isTest(file) || file.path.startsWith('schema/generate');
}
