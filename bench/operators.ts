import { fork } from 'node:child_process';
import { Agent, request } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { Database } from '../src/db/client.ts';
import { BUSINESS_LISTS } from '../src/domain/accounts/operator-business.ts';
import { EVENT_STATES } from '../src/domain/accounts/operator-inbox.ts';
import { caller } from '../tests/support/http.ts';
import { signInAsOperator } from '../tests/support/operator.ts';
import type { BenchServer } from './database.ts';
import { portOf, stop } from './http/http.ts';
import { median } from './load.ts';
import { fillForOperators } from './operators-data.ts';
import { atMost, printFigures, type Figure, type Report } from './report.ts';

/** Nobody who looks something up should notice that there is a database behind it. */
const PROMISED_MS = 100;

/** Every list and screen of the operator's page, over an installation of `tenants` tenants. */
export async function benchOperators(
  server: BenchServer,
  report: Report,
  { tenants, repeats }: { tenants: number; repeats: number },
): Promise<void> {
  const database = await server.open('bench_operators');
  console.log(`Writing a year of ${tenants.toLocaleString('en')} tenants …`);
  await fillForOperators(database, tenants);
  const app = fork(new URL('./http/http-app.ts', import.meta.url), [database.url, 'no token']);
  try {
    const url = `http://127.0.0.1:${await portOf(app)}`;
    const account = { email: 'operator@example.com', password: 'correct horse battery' };
    const registered = await caller(url).post<{ accessToken: string }>('/api/auth/register', {
      ...{ ...account, tenantName: 'Operators' },
    });
    const { accessToken } = registered.body;
    const operator = await signInAsOperator(
      { url, context: { database, clock: { now: () => new Date() } } },
      { ...account, accessToken },
    );
    const ask = asking(url, accessToken, operator.cookie);
    const figures: Figure[] = [];
    for (const [name, path] of await screens(database, tenants)) {
      const times: number[] = [];
      await timed(ask, path);
      for (let i = 0; i < repeats; i += 1) times.push(await timed(ask, path));
      figures.push({ name, value: median(times), unit: 'ms' });
    }
    printFigures(`The operator's page at ${tenants.toLocaleString('en')} tenants, p50`, figures);
    report.figures.push(...figures);
    for (const { name, value } of figures) {
      report.criteria.push(atMost(`operators: ${name}, p50`, value, PROMISED_MS, 'ms'));
    }
  } finally {
    await stop(app);
  }
}

/** What is asked for: the name it has in the report, and the address. */
type Screen = [name: string, path: string];

async function screens({ pool }: Database, tenants: number): Promise<Screen[]> {
  const one = async (query: string) => (await pool.query<{ value: string }>(query)).rows[0]!.value;
  const n = Math.floor(tenants / 200) * 100 + 40;
  const tenant = await one(
    `select id as value from tenants where stripe_customer_id = 'cus_bench${n}'`,
  );
  const mail = await one(
    `select id as value from mail_outbox where tenant_id = '${tenant}' limit 1`,
  );
  const middle = (table: string, at: string) =>
    one(`select id::text as value from ${table}
      order by ${at} desc offset (select count(*) / 2 from ${table}) limit 1`);
  const behind = Buffer.from(`${(Date.now() - 180 * 86_400_000) * 1000} z`).toString('base64url');
  const month = new Date(Date.now() - 180 * 86_400_000).toISOString().slice(0, 7);
  const search = (what: string, q: string): Screen => [
    ...([`tenants by ${what}`, `/tenants?q=${encodeURIComponent(q)}`] as const),
  ];
  return [
    ['tenants', '/tenants'],
    ['tenants, in the middle', `/tenants?cursor=${await middle('tenants', 'created_at')}`],
    search('a word of many', 'team'),
    search('two words', `amber studio`),
    search('a word of one', String(n)),
    search('an address of many', 'mei'),
    search('an address of one', `mei.${n}`),
    search('nothing that is there', 'nobody@elsewhere'),
    search('id', tenant),
    ...['cus', 'sub'].map((kind) => search(`${kind}_`, `${kind}_bench${n}`)),
    ...['in', 'pi', 'ch', 'evt'].map((kind) => search(`${kind}_`, `${kind}_bench${n}x2`)),
    search('invoice number', `BENCH${n}-0002`),
    ['one tenant', `/tenants/${tenant}`],
    ['its timeline', `/tenants/${tenant}/timeline`],
    ['its timeline, in the middle', `/tenants/${tenant}/timeline?cursor=${behind}`],
    ['a mail to it', `/tenants/${tenant}/mails/${mail}`],
    ['events', '/events'],
    ['events, in the middle', `/events?cursor=${await middle('stripe_events', 'received_at')}`],
    ...EVENT_STATES.map((state): Screen => [`events that are ${state}`, `/events?state=${state}`]),
    ['an event', `/events/evt_bench${n}x2`],
    ['alerts that are open', '/alerts'],
    ['alerts that are resolved', '/alerts?state=resolved'],
    [
      'alerts, in the middle',
      `/alerts?state=resolved&cursor=${await middle('alerts', 'raised_at')}`,
    ],
    ['health', '/health'],
    ['log', '/log'],
    ['log, in the middle', `/log?cursor=${await middle(OPERATOR_ENTRIES, 'created_at')}`],
    ['business', '/business'],
    ['business of three years', '/business?months=36'],
    ...BUSINESS_LISTS.flatMap((list): Screen[] => {
      const place = list === 'credits' ? '80000000-0000-4000-8000-000000000000' : behind;
      return [
        [`business: ${list}`, `/business/${list}`],
        [`business: ${list}, in the middle`, `/business/${list}?cursor=${place}`],
        ...(list === 'credits'
          ? []
          : [[`business: ${list} of a month`, `/business/${list}?month=${month}`] as Screen]),
        [`business: ${list}, first bytes as CSV`, `/business/${list}/export.csv`],
      ];
    }),
  ];
}

const OPERATOR_ENTRIES = `(select * from audit_log where action like 'operator.%') l`;

/** Milliseconds to the first bytes of the answer; the rest of a file is not read. */
async function timed(ask: Ask, path: string): Promise<number> {
  for (;;) {
    const start = performance.now();
    const { status, bytes } = await ask(path);
    const took = performance.now() - start;
    if (status === 200 && bytes > 0) return took;
    // The file before is still being closed: an operator takes one at a time.
    if (status !== 429) throw new Error(`${path} answered ${status}.`);
    await setImmediate();
  }
}

type Ask = (path: string) => Promise<{ status: number; bytes: number }>;

function asking(url: string, accessToken: string, cookie: string): Ask {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const headers = { Authorization: `Bearer ${accessToken}`, Cookie: cookie };
  return (path) =>
    new Promise((resolve, reject) => {
      const sent = request(`${url}/api/admin${path}`, { agent, headers }, (answer) => {
        const { statusCode: status = 0 } = answer;
        let bytes = 0;
        answer.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (!path.endsWith('.csv') || status !== 200) return;
          resolve({ status, bytes });
          answer.destroy();
        });
        answer.on('end', () => resolve({ status, bytes }));
      });
      sent.on('error', reject);
      sent.end();
    });
}
