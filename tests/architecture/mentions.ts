import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** `/api/x/:id`, `/api/x/{id}` and `/api/x/cs_123` are one address. */
export function patternOfAddress(address: string): string {
  return address.replace(/\/$/, '').replace(/\/(:\w+|\{\w+\}|(?:cs|whd|evt)_\w+)(?=\/|$)/g, '/*');
}

/** Looks like a file or folder of ours: a known ending after a slash, or a known folder before one. */
export function isRepositoryPath(text: string): boolean {
  if (/[\s<>{}()…*$:]|^[/~.]\/|^\/|^https?/.test(text)) return false;
  return (
    /^[\w./-]+\/[\w.-]+\.(ts|vue|md|sql|json|yml|css|js)$/.test(text) ||
    /^(src|docs|tests|scripts|bench|local-stripe|\.ci)\/[\w./-]*$/.test(text)
  );
}

/** `config/env.ts` is the end of `src/server/config/env.ts`. */
export function endsAs(file: string, text: string): boolean {
  const wanted = text.replace(/\/$/, '');
  return file === wanted || file.endsWith(`/${wanted}`);
}

/** Every file and folder, relative to the repository. */
export function repositoryPaths(): string[] {
  const skipped = new Set(['node_modules', 'dist', '.git', '.data', '.cache', 'coverage']);
  const list = (folder: string): string[] =>
    readdirSync(path.join(ROOT, folder)).flatMap((name) => {
      if (skipped.has(name)) return [];
      const file = path.posix.join(folder, name);
      return statSync(path.join(ROOT, file)).isDirectory() ? [file, ...list(file)] : [file];
    });
  return list('.');
}
