import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../../../../tests/support/server.ts';
import { HandClock } from '../../usage/__tests__/service.ts';
import { csvLine } from '../csv.ts';
import { readCsv } from '../read-csv.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ clock: new HandClock('2026-05-10T12:00:00Z') });
});
afterAll(() => server?.stop());

test('10.16 files that the database writes are as harmless as ours, cell by cell', async () => {
  const { session, call } = await server.signUp();
  const { tenantId } = session.user;
  const beginnings = [
    ...['=', '+', '-', '@', '＝', '＋', '－', '＠', ' =', '\t=', '\r=', '\n=', '\v=', '\f='],
    ...['\u0001=', '\u00a0=', '\u200b=', '\ufeff=', '\u3000=', '\u115f=', '\ue000=', '\u{e0020}='],
    ...['\u00ad=', '\u200d=', '\u202e=', '\u2060=', '\ufe0f=', '﹦', '−'],
  ].map((beginning) => `${beginning}1+1`);
  const others = ['-1.5', '-', '-1.', '1;2', ' a', 'a', "'=1", '"=1"'];
  const partings = ['a;', ';', 'a\t', 'a\n', 'a\r\n ', 'a; \u200b"', ';;', 'a,'];
  const texts = [
    ...beginnings,
    ...others,
    ...partings.flatMap((before) => ['=1;', '＝1', 'b', '-1'].map((after) => before + after)),
  ];
  for (const [n, text] of texts.entries()) {
    const said = { idempotencyKey: `${text}#${n}`, metadata: { model: text, note: text } };
    await server.context.services.usage.trackUsage({
      ...{ tenantId, resourceType: 'images', amount: 1, enforce: false, ...said },
    } as never);
  }
  const columnOf = async (path: string, column: string) => {
    const [header, ...rows] = readCsv(String((await call.get<unknown>(path)).body));
    return rows.map((row) => row[header!.indexOf(column)]!).sort();
  };
  const ours = (cells: string[]) => cells.map((cell) => readCsv(csvLine([cell]))[0]![0]!).sort();
  for (const cell of ours(beginnings)) expect(cell.startsWith("'")).toBe(true);
  const ledger = '/api/subscription/usage/export.csv?period=2026-05';
  const keys = texts.map((text, n) => `${text}#${n}`);
  expect(await columnOf(ledger, 'idempotency_key')).toEqual(ours(keys));
  expect(await columnOf('/api/subscription/usage/report.csv?days=7', 'model')).toEqual(ours(texts));
  for (const cell of await columnOf(ledger, 'metadata')) expect(cell).not.toMatch(/;\s*[=＝-]/);
});
