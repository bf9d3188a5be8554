import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** Another folder where `npm run version:keep` of another checkout kept that one. */
const KEPT = process.env.VERSION_BEFORE ?? path.join(import.meta.dirname, 'version-before');

export interface VersionBefore {
  /** Its process in one file; starts as `app-process.main.ts` does. */
  main: string;
  /** How many migrations it knows. */
  migrations: number;
  remove(): void;
}

/**
 * Lays the released version out as `npm run version:keep` kept it: its process beside the packages,
 * and the migrations that it knows, which no later version changes.
 */
export function layOutVersionBefore(): VersionBefore {
  const text = readFileSync(path.join(KEPT, 'version.json'), 'utf8');
  const { migrations } = JSON.parse(text) as { migrations: number };
  const cache = path.join(ROOT, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(path.join(cache, 'version-before-'));
  const main = path.join(folder, 'app.mjs');
  writeFileSync(main, brotliDecompressSync(readFileSync(path.join(KEPT, 'app.mjs.br'))));

  for (const file of readdirSync(KEPT).filter((name) => name.endsWith('.yaml'))) {
    cpSync(path.join(KEPT, file), path.join(folder, file));
  }

  const target = path.join(folder, 'src/db/migrations');
  cpSync(path.join(ROOT, 'src/db/migrations'), target, { recursive: true });
  const journalFile = path.join(target, 'meta/_journal.json');
  const journal = JSON.parse(readFileSync(journalFile, 'utf8')) as { entries: { tag: string }[] };
  journal.entries = journal.entries.slice(0, migrations);
  // The buckets' parts are listed by their folder, so those of later migrations stay away.
  const newest = Number(journal.entries.at(-1)!.tag.slice(0, 4));
  cpSync(path.join(ROOT, 'src/db/bucket'), path.join(folder, 'src/db/bucket'), {
    recursive: true,
    filter: (file) => !(Number(/(\d{4})[a-z]?_\w+\.sql$/.exec(file)?.[1]) > newest),
  });
  writeFileSync(journalFile, JSON.stringify(journal));
  return {
    main,
    migrations,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
