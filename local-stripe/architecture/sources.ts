import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const SKIPPED = new Set(['node_modules', 'dist']);

export interface Source {
  /** Below the package, with `/`. */
  path: string;
  text: string;
  /** The other files it imports, types too, as paths below the package (`../` for outside). */
  imports: string[];
  /** The packages it imports while it runs, itself left out. */
  packages: string[];
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/g;

/** Every TypeScript file of the package. */
export function sources(): Source[] {
  return readdirSync(ROOT, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter(
      (file) =>
        !path
          .relative(ROOT, file)
          .split(path.sep)
          .some((part) => SKIPPED.has(part)),
    )
    .map(read);
}

/** The room a file lies in: its first folder, or the file itself where it lies in none. */
export function roomOf(file: string): string {
  return file.split('/')[0]!.replace(/\.ts$/, '');
}

function read(file: string): Source {
  const text = readFileSync(file, 'utf8');
  const named = [...text.matchAll(IMPORT)].map(([, type, from, later]) => ({
    from: (from ?? later)!,
    isType: type !== undefined,
  }));
  const here = (from: string) => path.relative(ROOT, path.resolve(path.dirname(file), from));
  return {
    path: path.relative(ROOT, file).replaceAll('\\', '/'),
    text,
    imports: named
      .filter(({ from }) => from.startsWith('.'))
      .map(({ from }) => here(from).replaceAll('\\', '/')),
    packages: named
      .filter(({ from, isType }) => !isType && !/^(\.|node:|local-stripe$)/.test(from))
      .map(({ from }) =>
        from
          .split('/')
          .slice(0, from.startsWith('@') ? 2 : 1)
          .join('/'),
      ),
  };
}
