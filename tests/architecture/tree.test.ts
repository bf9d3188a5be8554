import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { codeBlocks, pages } from './markdown.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const SKIPPED = ['__tests__', 'node_modules', 'dist'];

/**
 * The folders that the plan of the house names: one a line, two spaces deeper than what it lies in, and
 * those that the words behind it name (`own/ is …`).
 */
function named(): string[] {
  const page = pages.find((one) => one.path === 'docs/architecture.md')!;
  const [plan] = codeBlocks(page, { indented: true });
  const above: string[] = [];
  return plan!.lines.flatMap((line) => {
    const [, indent, name, words] = /^( *)([\w.-]+)\/(.*)$/.exec(line) ?? [];
    if (indent === undefined) return [];
    const folder = [...above.slice(0, indent.length / 2), name!].join('/');
    above.splice(indent.length / 2, Infinity, name!);
    const within = [...words!.matchAll(/(?<![\w/])([\w-]+)\/(?!\w)/g)].map(([, one]) => one!);
    return [folder, ...within.map((one) => `${folder}/${one}`)];
  });
}

const foldersIn = (folder: string) =>
  readdirSync(path.join(ROOT, folder), { withFileTypes: true })
    .filter((one) => one.isDirectory() && !SKIPPED.includes(one.name))
    .map((one) => `${folder}/${one.name}`);

test('8 the plan of the house names no folder that is not there, and where it names one, all beside it', () => {
  const plan = named();
  expect(plan.length).toBeGreaterThan(60);
  const parents = [...new Set(plan.map((one) => path.posix.dirname(one)))].filter(
    (one) => one !== '.',
  );
  const there = parents.flatMap(foldersIn);
  const deep = plan.filter((one) => one.includes('/'));
  expect(deep.toSorted()).toEqual(there.sort());
});
