/** A function of a bucket's SQL, comments taken out. */
interface SqlFunction {
  name: string;
  /** Everything before the body: arguments, language, settings. */
  head: string;
  body: string;
}

const FUNCTION = /create or replace function (\w+)\(([\s\S]*?)\bas \$\$([\s\S]*?)\$\$/g;
const TABLE = /create table if not exists (\w+)/g;
/** What a query may read besides the bucket's tables: PostgreSQL's own catalogue. */
const CATALOGUE = ['pg_class'];
/** Called by no version that has buckets on workers. */
const NEVER_ON_A_WORKER = new Set(['usage_admit']);

/** Called by versions before this one alone. */
const OF_BEFORE = new Set(['usage_admit', 'usage_admit_batch']);

/**
 * What in the SQL of a bucket would not hold in a schema of its own, or of Citus: one sentence each.
 * `sql` is all of it in the order in which it is run; of a function made twice the newest counts.
 */
export function faultsOfBucket(sql: string): string[] {
  const { functions, rest, tables, readers, rowTakers } = functionsOf(sql);
  return [
    ...outsideNames(rest, tables).map((name) => `the tables refer to ${name}`),
    ...functions.flatMap((one) => faultsOfFunction(one, tables, readers, rowTakers)),
  ];
}

function functionsOf(sql: string) {
  const text = sql.replace(/--[^\n]*/g, '');
  const tables = new Set([...text.matchAll(TABLE)].map(([, name]) => name!));
  const newest = new Map<string, SqlFunction>();
  for (const [, name, head, body] of text.matchAll(FUNCTION)) {
    newest.set(name!, { name: name!, head: head!, body: body! });
  }
  const functions = [...newest.values()];
  const takers = functions.filter(({ head }) => takesRow(head, tables));
  return {
    ...{ functions, tables, rest: text.replace(FUNCTION, '') },
    readers: readersOf(functions, tables),
    rowTakers: new Set(takers.map(({ name }) => name)),
  };
}

/**
 * The same of statements outside of the functions that `sql` makes: to be asked with the text of a source
 * file, where they name the schema by a variable.
 */
export function checkStatements(sql: string): (source: string) => string[] {
  const { readers, rowTakers } = functionsOf(sql);
  const called = new Set([...readers, ...rowTakers]);
  return (source) => [
    ...faultsOfStatement(source),
    ...statementsOf(source).flatMap((statement) => [
      ...callsOverTables(statement, called).map(
        (name) => `calls ${name} inside a query over tables`,
      ),
      ...unguardedInserts(statement).map((name) => `inserts into ${name} what may not fit`),
    ]),
  ];
}

function faultsOfStatement(text: string): string[] {
  return [
    ...unorderedAggregates(text).map((found) => `${found} has no order`),
    ...elementsInUpdates(text).map((found) => `an update sets ${found}`),
  ];
}

function faultsOfFunction(
  { name, head, body }: SqlFunction,
  tables: Set<string>,
  readers: Set<string>,
  rowTakers: Set<string>,
): string[] {
  const faults = [
    ...outsideNames(body, tables).map((outside) => `refers to ${outside}`),
    ...faultsOfStatement(body),
    ...callsInQueries(body, readers).map((called) => `calls ${called} inside a query over tables`),
    ...callsInQueries(body, rowTakers).map((called) => `gives ${called} a row inside a query`),
    ...insertsOfSelected(body, tables).map((table) => `inserts what it selects from ${table}`),
    ...(NEVER_ON_A_WORKER.has(name) ? [] : insertsOfParts(body)).map(
      (table) => `inserts into ${table} what a part of its statement selects`,
    ),
    ...assignmentsFromTables(body, tables).map((name) => `assigns by a row's field from ${name}`),
    ...settingsInChanges(body).map((found) => `changes rows by ${found}`),
    ...(OF_BEFORE.has(name) ? [] : ownTransaction(body)).map((found) => `asks for ${found}`),
  ];
  if (readers.has(name) && !/set search_path from current/.test(head)) {
    faults.push('reads tables along the search path of whoever calls it');
  }
  return faults.map((fault) => `${name} ${fault}`);
}

/** Functions that read or write tables, by themselves or through others. */
function readersOf(functions: SqlFunction[], tables: Set<string>): Set<string> {
  const readers = new Set<string>();
  const reads = ({ body }: SqlFunction) =>
    [...relationsOf(body)].some((name) => tables.has(name)) ||
    [...readers].some((reader) => new RegExp(`\\b${reader}\\(`).test(body));
  for (let size = -1; size !== readers.size;) {
    size = readers.size;
    for (const one of functions) if (reads(one)) readers.add(one.name);
  }
  return readers;
}

const plain = (text: string) =>
  text.replace(/'(?:[^']|'')*'/g, "''").replace(/extract\(\w+ from /g, 'extract(');

/** Names that stand where a table does. A function's rows and a query's own names are none. */
function relationsOf(text: string): Set<string> {
  const code = plain(text).replace(/is (not )?distinct from/g, '');
  const own = new Set([...code.matchAll(/\b(\w+) as (?:materialized )?\(/g)].map(([, n]) => n!));
  const places =
    /\b(?:from|join|using(?! index)|insert into|delete from|(?<!for |share )update|lock table(?: only)?)\s+([\w.]+)\b(?!\s*\()/g;
  const keys = code.matchAll(/\breferences\s+([\w.]+)/g);
  const found = [...code.matchAll(places), ...keys].map(([, name]) => name!);
  const words = new Set(['of', 'set', 'skip', 'lateral', 'where', 'or', 'brin', 'errcode']);
  return new Set(found.filter((name) => !own.has(name) && !words.has(name)));
}

/** Other schemas, their tables, and what is of a whole server: locks and messages by name. */
function outsideNames(text: string, tables: Set<string>): string[] {
  const relations = [...relationsOf(text)].filter(
    (name) => !tables.has(name) && !CATALOGUE.includes(name),
  );
  const server = [...text.matchAll(/\bpg_(?:advisory_\w+|notify)\b|\bnotify\s+\w+/g)];
  const schemas = [...plain(text).matchAll(/\b(?:public|u\d\d)\.\w+/g)];
  return [...relations, ...[...server, ...schemas].map(([found]) => found)];
}

function unorderedAggregates(text: string): string[] {
  return [...text.matchAll(/array_agg\((?:[^()]|\([^()]*\))*\)/g)]
    .map(([found]) => found)
    .filter((found) => !/ order by |array_agg\(distinct /.test(found));
}

/** Elements of arrays that rows are set to, however the element and the update are written. */
function elementsInUpdates(text: string): string[] {
  const updates =
    /\b(?:do update|update [\w.${}]+(?: (?:as )?\w+)?)\s+set ([\s\S]*?)(?:\bwhere\b|\bfrom\b|\breturning\b|;|$)/g;
  const code = text.replace(/\bextract\(\w+ from /g, '').replace(/\bdistinct from\b/g, '<>');
  return [...code.matchAll(updates)].flatMap(
    ([, assignments]) => assignments!.match(/(?<!\barray)(?<=[\w)])\[[^\]]+\]/gi) ?? [],
  );
}

/** What is assigned of a table by the field of a row; a worker that a bucket has left cannot hand it on. */
function assignmentsFromTables(body: string, tables: Set<string>): string[] {
  return [...plain(body).matchAll(/:=([^;]*\bselect\b[^;]*);/g)]
    .filter(([, assigned]) => /=\s*\w+\.\w+/.test(assigned!))
    .flatMap(([, assigned]) => [...relationsOf(assigned!)].filter((name) => tables.has(name)));
}

/**
 * Rows changed by the text of an enum or by a time and an interval that they have: a matter of settings for
 * Citus, which refuses it.
 */
function settingsInChanges(body: string): string[] {
  const found =
    /(?<!\w)(?:\w+\.)?(?:resource_type|state)::text|(?<![\w.])(?![pv]_)\w+_(?:at|until|from)\s*[+-]/g;
  return plain(body)
    .split(/;|\bloop\b|\bthen\b|\belse\b|\bbegin\b/)
    .filter((statement) => /^\s*(?:update|delete from)\b/.test(statement))
    .flatMap((statement) => statement.match(found) ?? []);
}

/**
 * Rows that a worker writes that hands on what it is asked are of another transaction, on another server; and at
 * the place where one was read another may lie, so its key is asked too.
 */
const ownTransaction = (body: string): string[] => [
  ...(plain(body).match(/\b(?:xmin|xmax|(?:pg_current_xact|txid_current)\w*)\b/g) ?? []),
  ...plain(body)
    .split(';')
    .filter((statement) => /\bctid =/.test(statement) && !/\btenant_id =/.test(statement))
    .map(() => 'ctid alone'),
];

/** A row of a table is, where Citus runs the query, one of the table on the worker. */
function takesRow(head: string, tables: Set<string>): boolean {
  const given = head.split(/\breturns\b/)[0]!;
  return [...tables].some((table) => new RegExp(`(?<!\\bout )\\b\\w+ ${table}\\b`).test(given));
}

/** Statements that insert what they select from tables; Citus makes no SQL of these. */
function insertsOfSelected(body: string, tables: Set<string>): string[] {
  return plain(body)
    .split(/;|\bloop\b|\bthen\b|\bbegin\b/)
    .filter((statement) => /^\s*(?:else\s+)?insert into\b/.test(statement))
    .flatMap((statement) => {
      const selected = /\bselect\b[\s\S]*/.exec(statement)?.[0] ?? '';
      return [...relationsOf(selected)].filter((name) => tables.has(name));
    });
}

/**
 * Inserts that read what another part of their statement selects: Citus sends that to every server, and commits
 * on all of them.
 */
function insertsOfParts(body: string): string[] {
  return plain(body)
    .split(/;|\bloop\b|\bthen\b|\belse\b|\bbegin\b/)
    .filter((statement) => /^\s*with\b/.test(statement))
    .flatMap((statement) => {
      const parts = [...statement.matchAll(/\b(\w+) as (?:materialized )?\(/g)].map(([, n]) => n!);
      const reads = new RegExp(
        `\\binsert into (\\w+)(?:(?!\\binsert into\\b)[\\s\\S])*?\\b(?:from|join|,) (?:${parts.join('|')})\\b`,
        'g',
      );
      return [...statement.matchAll(reads)].map(([, table]) => table!);
    });
}

/** The statements in a source file: its template literals, each with those that stand inside it. */
const statementsOf = (source: string) =>
  source.match(/`(?:[^`$]|\$(?!\{)|\$\{(?:[^`{}]|`[^`]*`|\{[^{}]*\})*\})*`/g) ?? [];

/** Functions of the bucket that a statement calls where it reads or writes tables. */
function callsOverTables(statement: string, called: Set<string>): string[] {
  const tables = /\b(?:from|join|update|into)\s+\$\{\w+\}\.\w+\b(?!\()/;
  const names = [...statement.matchAll(/\$\{\w+\}\.(\w+)\(/g)].map(([, name]) => name!);
  return tables.test(statement) ? names.filter((name) => called.has(name)) : [];
}

/**
 * Citus writes what one part of a statement inserts before it asks the rest, which may refuse it all: an
 * insert of what was made of `whole` asks it too, or it is told of a value that is not there.
 */
function unguardedInserts(statement: string): string[] {
  return [...statement.matchAll(/\binsert into \$\{\w+\}\.(\w+)([\s\S]*?)(?=\n {2}\)|$)/g)]
    .filter(([, , rest]) => /\bwhole w\b/.test(rest!) && !/\bw\.fits\b/.test(rest!))
    .map(([, name]) => name!);
}

function callsInQueries(body: string, readers: Set<string>): string[] {
  const statements = plain(body).split(/;|\bloop\b|\bthen\b/);
  return statements
    .filter((statement) => /\bfrom\b|\bupdate\b|\binsert into\b/.test(statement))
    .flatMap((statement) =>
      [...readers].filter((reader) => new RegExp(`\\b${reader}\\(`).test(statement)),
    );
}
