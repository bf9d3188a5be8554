import { describe, expect, test } from 'vitest';
import { sourceFiles, type SourceFile } from './files.ts';

const isTest = (file: SourceFile) => /\.test\.ts$|__tests__|\/testing\//.test(file.path);
const product = sourceFiles('src').filter((file) => !isTest(file));
const localStripe = sourceFiles('local-stripe').filter((file) => !isTest(file));

function importsOutside(files: SourceFile[], folder: string, allowed: RegExp): string[] {
  return files
    .filter((file) => file.path.startsWith(folder))
    .flatMap((file) =>
      file.imports
        .filter(({ from }) => !allowed.test(from))
        .map(({ from }) => `${file.path} imports ${from}`),
    );
}

function usesOutside(files: SourceFile[], pattern: RegExp, allowed: RegExp): string[] {
  return files
    .filter((file) => pattern.test(file.text) && !allowed.test(file.path))
    .map((f) => f.path);
}

describe('data takes the short way', () => {
  test('the domain imports nothing outside itself', () => {
    expect(importsOutside(product, 'src/domain/', /^src\/domain\//)).toEqual([]);
  });

  test('11 the domain of billing does not know what the API makes of it', () => {
    const allowed = /^src\/domain\/(?!api\.ts)/;
    expect(importsOutside(product, 'src/domain/billing/', allowed)).toEqual([]);
  });

  test('the database knows the domain, not the server', () => {
    expect(importsOutside(product, 'src/db/', /^(src\/(db|domain)\/|[^s.]|s(?!rc\/))/)).toEqual([]);
  });

  test('services import neither routes nor webhooks', () => {
    const upwards = product
      .filter((file) => file.path.startsWith('src/server/services/'))
      .filter((file) =>
        file.imports.some(({ from }) => /^src\/server\/(routes|webhooks)\//.test(from)),
      );
    expect(upwards.map((file) => file.path)).toEqual([]);
  });

  test('routes reach the database through services', () => {
    const direct = product
      .filter((file) => /^src\/server\/(routes|middleware)\//.test(file.path))
      .flatMap((file) =>
        file.imports
          .filter(({ from, typeOnly }) => !typeOnly && /^src\/db\//.test(from))
          .map(({ from }) => `${file.path} imports ${from}`),
      );
    expect(direct).toEqual([]);
  });

  test('the client knows the server only through the domain', () => {
    expect(
      importsOutside(product, 'src/client/', /^(src\/(client|domain)\/|[^s.]|s(?!rc\/)|\.\/)/),
    ).toEqual([]);
  });

  test('8 the local Stripe takes nothing from the product', () => {
    const inside = /^(local-stripe\/|(?!src\/|tests\/|scripts\/|bench\/|\.)[^/]*)/;
    expect(importsOutside(sourceFiles('local-stripe'), 'local-stripe/', inside)).toEqual([]);
  });

  test('8 scripts and tests alone take the local Stripe, by its name', () => {
    const files = ['src', 'scripts', 'tests', 'bench'].flatMap((folder) => sourceFiles(folder));
    const takes = files.flatMap(({ path, imports }) =>
      imports
        .filter(({ from }) => /^local-stripe(\/|$)/.test(from))
        .map(({ from }) => [path, from]),
    );
    const allowed = /^(scripts|tests)\/|\.test\.ts$/;
    expect(takes.filter(([path, from]) => !allowed.test(path!) || from !== 'local-stripe')).toEqual(
      [],
    );
  });
});

describe('each outside thing has one door', () => {
  test('the Stripe SDK runs only in the Stripe service and the webhooks', () => {
    const elsewhere = product.filter(
      (file) =>
        file.imports.some(({ from, typeOnly }) => from === 'stripe' && !typeOnly) &&
        !/^src\/server\/(services\/stripe|webhooks\/)/.test(file.path),
    );
    expect(elsewhere.map((file) => file.path)).toEqual([]);
  });

  test('the environment is read only in config/env.ts', () => {
    expect(usesOutside(product, /process\.env/, /^src\/server\/config\/env\.ts$/)).toEqual([]);
  });

  test('the time is read only by the clock and by what is bound to real time', () => {
    // Tokens, signatures and the job queue use real time; the client shows the reader's own.
    const realTime =
      /^src\/(domain\/clock\.ts|server\/clock\.ts|server\/services\/auth\/|client\/)/;
    expect(usesOutside(product, /new Date\(\)|Date\.now\(\)/, realTime)).toEqual([]);
  });

  test('SQL is written only in src/db', () => {
    const sql =
      /\b(select|insert into|update|delete from)\s[\s\S]{0,200}?\b(from|where|values|set)\b/;
    const server = product.filter((file) => file.path.startsWith('src/server/'));
    const quoted = server.filter((file) =>
      [...file.text.matchAll(/`[^`]*`/g)].some(([text]) => sql.test(text)),
    );
    expect(quoted.map((file) => file.path)).toEqual([]);
  });

  test('nothing is printed but by scripts', () => {
    expect(usesOutside([...product, ...localStripe], /console\.\w+\(/, /main\.ts$/)).toEqual([]);
  });
});
