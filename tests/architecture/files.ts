import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
const SKIPPED = new Set(['node_modules', 'dist', '.git', '.data', '.cache', 'coverage', 'results']);

export interface SourceFile {
  /** Relative to the repository, with `/`. */
  path: string;
  text: string;
  lines: number;
  /** What it imports, at once or later: repository paths for relative imports, names for packages. */
  imports: { from: string; typeOnly: boolean }[];
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;

/** Every file below `folder` whose name ends in one of `endings`. */
export function sourceFiles(folder: string, endings = ['.ts', '.vue']): SourceFile[] {
  return list(path.join(ROOT, folder))
    .filter((file) => endings.some((ending) => file.endsWith(ending)))
    .map((file) => read(file));
}

function list(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const full = path.join(folder, entry.name);
    return entry.isDirectory() ? list(full) : [full];
  });
}

function read(file: string): SourceFile {
  const text = readFileSync(file, 'utf8');
  const imports = [...text.matchAll(IMPORT)].map(([, typeOnly, from, later]) => ({
    typeOnly: typeOnly !== undefined,
    from: inRepository(file, (from ?? later)!),
  }));
  return {
    path: path.relative(ROOT, file).replaceAll('\\', '/'),
    text,
    lines: text.split('\n').length,
    imports,
  };
}

function inRepository(file: string, from: string): string {
  if (!from.startsWith('.')) return from;
  return path.relative(ROOT, path.resolve(path.dirname(file), from)).replaceAll('\\', '/');
}

export function readText(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}
