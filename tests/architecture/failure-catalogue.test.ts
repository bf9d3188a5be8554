import { expect, test } from 'vitest';
import { missingTests, tableRows } from './named-tests.ts';

const rows = tableRows('docs/failure-catalogue.md', /^[A-Z0-9]/)
  .map(([name = '', , file = '', title = '']) => ({ name, file, title }))
  .filter(({ file }) => file.startsWith('`'));

/** The scenarios that are known of such integrations, by group. */
const KNOWN: Record<string, readonly number[]> = {
  CUS: [1, 2, 3],
  CHK: [1, 2, 3, 4, 6],
  WHD: [1, 2, 3, 4, 5, 6, 8, 10],
  ORD: [1, 2, 4, 5, 7],
  STA: [1, 2, 3, 4, 5],
  UPG: [1, 2, 3, 4, 5, 6],
  CAN: [1, 2, 3, 4, 6],
  PAY: [1, 2, 3, 5],
  TRI: [1, 2],
  POR: [1, 2, 3],
  REF: [1, 3],
  DEL: [1, 2, 4],
  QUO: [1, 2, 3, 4, 5, 6, 7],
  CLK: [1, 3],
  SEC: [1, 2, 3, 4, 5, 7, 8, 9],
  OPS: [1, 2, 3, 5],
};

test('each known scenario has a row', () => {
  const named = new Set(rows.map(({ name }) => name));
  const known = Object.entries(KNOWN).flatMap(([group, all]) => all.map((n) => `${group}-${n}`));
  expect(known.filter((scenario) => !named.has(scenario))).toEqual([]);
});

test('each test that the failure catalogue names exists', () => {
  expect(rows.length).toBeGreaterThan(80);
  expect(missingTests(rows)).toEqual([]);
});
