import { expect, test } from 'vitest';
import { TENANT_ACTS } from '../../src/domain/accounts/operator-act.ts';
import { readText, sourceFiles } from './files.ts';
import { filesOf, OPERATORS, programOf, scripts } from './production-files.ts';

/** Rows of the table of docs/operators.md that begins with this heading, their cells as written. */
function table(heading: string): string[][] {
  const [, rest = ''] = readText('docs/operators.md').split(`| ${heading} `);
  const [, , ...rows] = rest.split('\n\n')[0]!.split('\n');
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const commandsIn = (text: string) =>
  [...text.matchAll(/`npm run ([\w:-]+)/g)].map(([, one]) => one!);
const acts = table('Act');
const elsewhere = table('Elsewhere on the page');
const alone = table('Command alone');

test('14 every act for a tenant has its command', () => {
  expect(acts.map(([act]) => act!.replaceAll('`', '')).toSorted()).toEqual(TENANT_ACTS.toSorted());
  for (const [act, commands] of [...acts, ...elsewhere]) {
    expect([act, commandsIn(commands!).length > 0]).toEqual([act, true]);
  }
});

test('14 a command does its act by the page’s own list, and so with its entries in the log', () => {
  const byPage = ['scripts/operator/carry-out.ts', 'src/server/services/operators/tenant-acts.ts'];
  for (const [act, commands] of acts) {
    for (const name of commandsIn(commands!)) {
      const reached = filesOf(programOf(name)!);
      expect([act, name, byPage.filter((one) => !reached.has(one))]).toEqual([act, name, []]);
    }
  }
});

test('14 whatever else the page does has its command', () => {
  const routes = sourceFiles('src/server/routes/admin', ['.ts']).flatMap(({ text }) =>
    [...text.matchAll(/method: '(post|put|patch|delete)'[^/;]{0,12}path: '([^']+)'/g)].map(
      ([, method, path]) => `${method!.toUpperCase()} ${path}`,
    ),
  );
  const known = elsewhere.map(([route]) => route!.replaceAll('`', ''));
  const others = ['/api/admin/session', '/api/admin/tenants/{id}/acts'];
  const doing = routes.filter((route) => !others.some((path) => route.endsWith(` ${path}`)));
  expect(doing.length).toBeGreaterThan(1);
  expect(known).toEqual(expect.arrayContaining(doing));
});

test('14 every command is an act, or says why it is none', () => {
  const told = [...acts, ...elsewhere, ...alone].flatMap((cells) => commandsIn(cells.join(' ')));
  const expected = OPERATORS.filter((name) => name !== 'start');
  expect([...new Set(told)].toSorted()).toEqual([...expected].toSorted());
  for (const name of told) expect(scripts).toHaveProperty([name]);
});

test('14 a command that changes one tenant is no command alone', () => {
  const ofOne = alone
    .flatMap(([commands]) => commandsIn(commands!))
    .filter((name) => {
      const program = readText(programOf(name)!);
      return /^ {4}(tenant|grant|purchase|invoice|statement): \{|_FLAGS/m.test(program);
    });
  expect(ofOne.filter((name) => !name.startsWith('operator:'))).toEqual([]);
});
