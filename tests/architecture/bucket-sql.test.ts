import { expect, test } from 'vitest';
import { checkStatements, faultsOfBucket } from './bucket-sql.ts';
import { sourceFiles } from './files.ts';

const files = sourceFiles('src/db/bucket', ['.sql']).toSorted((a, b) => (a.path < b.path ? -1 : 1));
const sql = files.map((file) => file.text).join('\n');
const statements = sourceFiles('src/db/repositories/usage').filter(
  (file) => !file.path.includes('__tests__'),
);

test('11.1 the SQL of a bucket refers to nothing outside of it, and holds in a schema of Citus', () => {
  expect(files.length).toBeGreaterThan(0);
  expect(faultsOfBucket(sql)).toEqual([]);
});

test('11.1 so do the statements of metering, which say in which schema each table is', () => {
  const unplaced = /\b(?:from|join|into|update|table|copy|select)\s+usage(?:_\w+)?\b(?!\.)/;
  const faultsOf = checkStatements(sql);
  for (const { path, text } of statements) {
    expect(text.match(unplaced), path).toBeNull();
    expect(faultsOf(text), path).toEqual([]);
  }
});

const TABLES = `create table if not exists counters (n int); create table if not exists kept (n int);`;
const of = (body: string, settings = 'set search_path from current') => `${TABLES}
  create or replace function reads() returns int language plpgsql set search_path from current as $$
    begin return (select n from counters); end $$;
  create or replace function counted(p_row counters) returns int language sql as $$
    select p_row.n $$;
  create or replace function tried() returns void language plpgsql ${settings} as $$ ${body} $$;`;

test.each([
  ['another schema', 'begin perform from public.tenants; end'],
  ['a table of the main side', 'begin perform n from users u; end'],
  ['a table that it writes to', 'begin insert into mail_outbox values (1); end'],
  ['a bucket by its name', 'begin perform from u00.counters; end'],
  ['a message', "begin perform pg_notify('a', 'b'); end"],
  ['a lock of the server', 'begin perform pg_advisory_xact_lock(1); end'],
  ['rows in no order', 'begin perform array_agg(n) from counters; end'],
  ['an element in an update', 'begin update counters set n = p_all[i] where n = 1; end'],
  ['an element by a row', 'begin update counters set n = p_all[r.n] from wanted r; end'],
  ['an element by a sum', 'begin update counters set n = n + p_all[i + 1]; end'],
  ['an element of what is in brackets', 'begin update counters set n = (p_row.all)[i]; end'],
  ['an element in an update with a name', 'begin update counters as c set n = p_all[i]; end'],
  [
    'an element where a row is there',
    'begin insert into kept values (1) on conflict (n) do update set n = p_all[i] where n = 1; end',
  ],
  ['a query over tables that reads tables', 'begin perform reads() from counters; end'],
  ['an update that reads tables', 'begin update counters set n = reads(); end'],
  ['an insert of what is selected', 'begin insert into kept select n from counters; end'],
  [
    'an insert of what a part of its statement selects',
    'begin with p as (select 1 as n) insert into kept select n from p; end',
  ],
  [
    'what is assigned of a table by the field of a row',
    'declare r counters; v int; begin v := (select max(n) from kept where n = r.n); end',
  ],
  [
    'rows changed by the text of an enum',
    `begin delete from counters where p_limits ->> resource_type::text is null; end`,
  ],
  ['rows changed by a time of theirs', 'begin update counters set ends_at = ends_at + p_by; end'],
  ['who wrote a row', 'begin perform from counters where xmin = pg_current_xact_id()::xid; end'],
  ['a row by its place alone', 'begin update counters c set n = 1 where c.ctid = p_place; end'],
  ['a row given inside a query', 'begin perform counted(c) from counters c; end'],
])('11.1 refused: %s', (_what, body) => {
  expect(faultsOfBucket(of(body))).not.toEqual([]);
});

test('11.1 refused: a function that reads along its caller’s search path, a key that leads outside', () => {
  expect(faultsOfBucket(of('begin perform from counters; end', ''))).not.toEqual([]);
  const key = 'create table if not exists more (n int references tenants (id));';
  expect(faultsOfBucket(`${TABLES} ${key}`)).not.toEqual([]);
});

const SOURCE = (statement: string) => `const text = (u: string) => \`${statement}\`;`;
const FUNCTIONS = of('begin end');

test.each([
  ['a function that reads tables', 'select ${u}.reads() from ${u}.counters'],
  ['a row given to a function', 'select ${u}.counted(c) from ${u}.counters c'],
  [
    'an insert that does not ask whether all fits',
    `with keys as (
    insert into \${u}.kept (n) select w.used[1] from calls c, whole w
    where c.key is not null
  ) select w.used from whole w where w.fits or \${u}.refused()`,
  ],
])('11.4 refused in a statement: %s', (_what, statement) => {
  expect(checkStatements(FUNCTIONS)(SOURCE(statement))).not.toEqual([]);
});

test('11.4 allowed in a statement: the same asked apart, and guarded', () => {
  const guarded = `with keys as (
    insert into \${u}.kept (n) select w.used[1] from calls c, whole w
    where w.fits
  ) select w.used from whole w where w.fits or \${u}.refused()`;
  for (const one of [guarded, 'select ${u}.reads()', 'select c.n from ${u}.counters c']) {
    expect(checkStatements(FUNCTIONS)(SOURCE(one))).toEqual([]);
  }
});

test('11.1 allowed: its own tables, a call by itself, the newest of two definitions', () => {
  const fine = `declare v int; begin
    v := reads();
    perform array_agg(n order by n) from counters;
    insert into kept select n from unnest(array[1]) as o(n);
    for v in select n from kept loop perform reads(); end loop;
    update counters set n = v where n is distinct from v;
  end`;
  expect(faultsOfBucket(of(fine))).toEqual([]);
  expect(faultsOfBucket(of('begin perform from tenants; end') + of(fine))).toEqual([]);
});
