import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** Runs of the type checker over a copy, one for each of EXTENDING_RUNS: a matter of ten seconds each. */
const RUNS = Number(process.env['EXTENDING_RUNS'] ?? 0);

/** What one adds, in which line, and which places the type checker then has to name. */
const ADDED = [
  {
    what: 'a resource',
    file: 'src/domain/quota.ts',
    from: "'api_calls'] as const",
    to: "'api_calls', 'voice_seconds'] as const",
    places: [
      'src/db/catalogue/plans-file.ts',
      'src/server/routes/usage-schemas.ts',
      'src/domain/product.ts',
    ],
  },
  {
    what: 'a plan',
    file: 'src/domain/plans.ts',
    from: "'team'] as const",
    to: "'team', 'studio'] as const",
    places: [
      'src/domain/product.ts',
      'src/db/catalogue/plans-file.ts',
      'src/server/services/stripe/offered-prices.ts',
    ],
  },
  {
    what: 'a mail',
    file: 'src/server/services/mail/templates.ts',
    from: 'export interface MailData {',
    to: 'export interface MailData {\n  studio_opened: { at: string };',
    places: [
      'src/server/services/mail/templates.en.ts',
      'src/server/services/mail/templates.zh.ts',
    ],
  },
];

test.each(ADDED)('14 docs/extending.md names where $what begins and leads', ({ file, places }) => {
  const page = readFileSync(path.join(ROOT, 'docs/extending.md'), 'utf8');
  expect(readFileSync(path.join(ROOT, file), 'utf8')).toContain(
    ADDED.find((one) => one.file === file)!.from,
  );
  for (const place of [file, ...places]) expect(page).toContain(path.basename(place));
});

describe.skipIf(RUNS === 0)('14 in a copy', () => {
  test.each(ADDED)(
    'the type checker leads from $what to every place that has to know it',
    ({ file, from, to, places }) => {
      const copy = mkdtempSync(path.join(tmpdir(), 'squaretable-extending-'));
      try {
        for (const name of ['src', 'scripts', 'tests', 'local-stripe', 'bench']) {
          const isOurs = (source: string) => !source.includes('node_modules');
          cpSync(path.join(ROOT, name), path.join(copy, name), { recursive: true, filter: isOurs });
        }
        for (const name of ['tsconfig.json', 'tsconfig.base.json', 'package.json']) {
          cpSync(path.join(ROOT, name), path.join(copy, name));
        }
        symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
        const text = readFileSync(path.join(copy, file), 'utf8');
        writeFileSync(path.join(copy, file), text.replace(from, to));
        const named = placesOf(copy);
        expect(places.filter((place) => !named.has(place))).toEqual([]);
      } finally {
        rmSync(copy, { recursive: true, force: true });
      }
    },
    300_000,
  );
});

/** The files in which the type checker finds fault. */
function placesOf(folder: string): Set<string> {
  const checker = path.join(ROOT, 'node_modules/typescript-native/bin/tsc');
  try {
    execFileSync(process.execPath, [checker, '-p', 'tsconfig.json'], {
      cwd: folder,
      stdio: 'pipe',
    });
    return new Set();
  } catch (error) {
    const said = (error as { stdout: Buffer }).stdout.toString();
    return new Set([...said.matchAll(/^([\w./-]+)\(\d+,\d+\): error/gm)].map(([, name]) => name!));
  }
}
