import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readText, sourceFiles, type SourceFile } from './files.ts';
import { endsAs, isRepositoryPath, repositoryPaths, patternOfAddress } from './mentions.ts';
import { anchors, codeSpans, links, pages, tableRows, type Mention } from './markdown.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const say = ({ file, line, text }: Mention) => `${file}:${line} ${text}`;
const page = (name: string): SourceFile => {
  const found = pages.find((one) => one.path === name);
  if (!found) throw new Error(`${name} is missing.`);
  return found;
};

describe('what a page points at is there', () => {
  test('every relative link leads to a file, and to a heading where it names one', () => {
    const broken = pages.flatMap((from) =>
      links(from).filter(({ text }) => {
        const [target, anchor] = text.split('#') as [string, string?];
        const file = target
          ? path.posix.join(path.posix.dirname(from.path), decodeURI(target))
          : from.path;
        if (!existsSync(path.join(ROOT, file))) return true;
        if (anchor === undefined) return false;
        const to = pages.find((one) => one.path === file);
        return to === undefined || !anchors(to).has(decodeURI(anchor));
      }),
    );
    expect(broken.map(say)).toEqual([]);
  });

  test('every path in code letters is one of the repository', () => {
    const known = repositoryPaths();
    const unknown = pages
      .flatMap(codeSpans)
      .filter(({ text }) => isRepositoryPath(text) && !known.some((one) => endsAs(one, text)));
    expect(unknown.map(say)).toEqual([]);
  });

  test('11 every file that a comment names in code letters is one of the repository', () => {
    const known = repositoryPaths();
    const files = sourceFiles('.', ['.ts', '.vue', '.js']);
    const unknown = files.flatMap(({ path: file, text }) =>
      [...text.matchAll(/^ *(?:\/?\*\*?|\/\/)(.*)$/gm)]
        .flatMap(([, comment]) => [...comment!.matchAll(/`([\w./-]+\.(?:ts|vue|md|sql))`/g)])
        .map(([, name]) => name!)
        .filter((name) => !known.some((one) => endsAs(one, name)))
        .map((name) => `${file} ${name}`),
    );
    expect(unknown).toEqual([]);
  });

  test('every picture of the README is there', () => {
    const pictures = [...page('README.md').text.matchAll(/!\[[^\]]*\]\(([^)]+)\)|src="([^"]+)"/g)];
    expect(pictures.map((match) => match[1] ?? match[2]!).filter(isMissing)).toEqual([]);
  });
});

describe('what a page tells to run, runs', () => {
  const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> };
  const texts = [
    ...pages,
    ...sourceFiles('src'),
    ...sourceFiles('scripts'),
    ...sourceFiles('local-stripe'),
    { path: '.env.example', text: readText('.env.example') },
  ];

  test('every npm script that is named exists', () => {
    const unknown = texts.flatMap(({ path: file, text }) =>
      [...text.matchAll(/\bnpm (?:run )?([a-z][\w:-]*)/g)]
        .filter(([command, name]) => command.startsWith('npm run ') || isLifecycle(name!))
        .filter(([, name]) => !Object.hasOwn(scripts, name!))
        .map(([command]) => `${file} ${command}`),
    );
    expect(unknown).toEqual([]);
  });

  test('every script is explained somewhere', () => {
    const text = pages.map((one) => one.text).join('\n');
    const called = Object.values(scripts).join('\n');
    const unnamed = Object.keys(scripts).filter(
      (name) =>
        !new RegExp(`npm (run )?${name}(?![\\w:-])`).test(text) &&
        !new RegExp(`npm run ${name}(?![\\w:-])`).test(called),
    );
    expect(unnamed).toEqual([]);
  });

  test('no table has a command twice', () => {
    const twice = pages.flatMap((one) => {
      const named = [...one.text.matchAll(/^\| (`npm [^`]+`) /gm)].map(([, command]) => command!);
      return named
        .filter((command, n) => named.indexOf(command) !== n)
        .map((c) => `${one.path} ${c}`);
    });
    expect(twice).toEqual([]);
  });

  test('every script starts a file that exists', () => {
    const missing = Object.entries(scripts).flatMap(([name, command]) =>
      [...command.matchAll(/\b([\w./-]+\.ts)\b/g)]
        .map((match) => match[1]!)
        .filter(isMissing)
        .map((file) => `${name}: ${file}`),
    );
    expect(missing).toEqual([]);
  });
});

describe('every address that a page names is answered', () => {
  const served = new Set(
    [...sourceFiles('src/server'), ...sourceFiles('local-stripe')]
      .filter((file) => !/\.test\.ts$|__tests__/.test(file.path))
      .flatMap(({ text }) => [...text.matchAll(/['"`](\/[\w{}:./-]+)['"`]/g)])
      .map((match) => patternOfAddress(match[1]!)),
  );

  /** A whole address, or the beginning that several have in common. */
  const isServed = (address: string) =>
    served.has(address) || [...served].some((one) => one.startsWith(`${address}/`));

  test('the calls of the API, of the local Stripe’s control and of development', () => {
    const unknown = pages.flatMap((one) =>
      [...one.text.matchAll(/(?<![\w.])\/(?:api|webhooks|_control|__dev)\b[\w/:{}.-]*/g)]
        .map((match) => match[0].replace(/[.:]+$/, ''))
        .filter((address) => !isServed(patternOfAddress(address)))
        .map((address) => `${one.path} ${address}`),
    );
    expect(unknown).toEqual([]);
  });
});

describe('a setting is explained in one place', () => {
  const example = [...readText('.env.example').matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(
    (match) => ({ name: match[1]!, value: match[2]! }),
  );
  const names = example.map(({ name }) => name).sort();

  test('.env.example names exactly what the server reads', () => {
    const read = [...readText('src/server/config/env.ts').matchAll(/^ {2}([A-Z][A-Z0-9_]*):/gm)];
    expect(read.map((match) => match[1]).sort()).toEqual(names);
  });

  test('.env.example explains each with a comment of its own or of its group', () => {
    expect(readText('.env.example')).not.toMatch(/\n\n[A-Z_0-9]+=/);
  });

  test('the local Stripe reads nothing else', () => {
    const read = sourceFiles('local-stripe')
      .filter((file) => !/\.test\.ts$|contract\//.test(file.path))
      .flatMap(({ text }) => [...text.matchAll(/process\.env\.([A-Z][A-Z0-9_]*)/g)])
      .map((match) => match[1]!);
    expect(read.filter((name) => !names.includes(name))).toEqual([]);
  });

  test.each(['README.md', 'README.zh-CN.md'])('%s lists the same, with the same values', (name) => {
    const rows = tableRows(page(name)).flatMap(([variable = '', value = '']) =>
      [...variable.matchAll(/`([A-Z][A-Z0-9_]+)`/g)].map((match) => ({
        name: match[1]!,
        value: /^`([^`]*)`$/.exec(value)?.[1] ?? '',
      })),
    );
    expect(rows.map((row) => row.name).sort()).toEqual(names);
    expect(rows.filter((row) => row.value !== '').sort(byName)).toEqual(
      example.filter(({ value }) => value !== '').sort(byName),
    );
  });

  test('every other variable that a program reads is explained on a page', () => {
    const text = pages.map((one) => one.text).join('\n');
    const read = ['local-stripe', 'scripts', 'tests', 'bench']
      .flatMap((folder) => sourceFiles(folder))
      .flatMap((file) => [...file.text.matchAll(/process\.env\.([A-Z][A-Z0-9_]*)/g)])
      .map((match) => match[1]!);
    // CONTRIBUTING.md explains those that repeat a test as a kind.
    const known = (name: string) =>
      text.includes(name) || ['PATH', 'TMPDIR'].includes(name) || /_(RUNS|COUNT|SEED)$/.test(name);
    const unexplained = new Set(read.filter((name) => !known(name)));
    expect([...unexplained]).toEqual([]);
  });
});

test('what is written speaks of the product alone', () => {
  // Put together so that this file does not name what it forbids.
  const forbidden = [
    ['/work', '/'],
    ['/root', '/'],
    ['/home', '/\\w'],
    ['/tmp/', 'brief'],
    ['registry', '\\.\\w+\\.\\w+'],
    ['artifact', 'ory'],
    ['npm', 'mirror'],
  ].map((parts) => new RegExp(parts.join(''), 'i'));
  const texts = [
    ...sourceFiles('.', ['.md', '.ts', '.vue', '.json', '.sql', '.yml']),
    ...['.env.example', '.ci/run', 'package.json', 'package-lock.json'].map((file) => ({
      path: file,
      text: readText(file),
    })),
  ];
  const found = texts.flatMap(({ path: file, text }) =>
    forbidden.filter((words) => words.test(text)).map((words) => `${file} ${words.source}`),
  );
  expect(found).toEqual([]);
});

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function isMissing(file: string): boolean {
  return !existsSync(path.join(ROOT, file));
}

function isLifecycle(name: string): boolean {
  return name === 'start' || name === 'test';
}
