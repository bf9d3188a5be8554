import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { installedSdk } from '../schema/generate/build.ts';
import { readCatalogue } from './catalogue.ts';
import { Ids } from './ids.ts';
import { compare } from './compare.ts';
import { inOurVersion, released, whyExempt } from './moved.ts';
import { isObject, readSequences } from './recorded.ts';
import type { Json, Sequence } from './recorded.ts';
import { replayFolder } from './replay-folder.ts';
import { replay } from './replay.ts';
import { printReport, reportOn } from './report.ts';
import type { Report } from './report.ts';

const folder = join(import.meta.dirname, 'samples');
const samples = readSequences(folder);

/** Replays a sample after `change` has had its way with what is said to be recorded. */
async function replayChanged(name: string, change: (sequence: Sequence) => void): Promise<Report> {
  const sequence = structuredClone(samples.find((one) => one.name === name)!);
  change(sequence);
  const calls = await replay(sequence, readCatalogue(sequence.calls));
  return reportOn([{ name, calls }]);
}

function put(value: Json, key: string, other: Json): void {
  if (isObject(value)) value[key] = other;
}

describe('8.14 the harness', () => {
  test('finds that what was recorded here is answered here', async () => {
    const report = await replayFolder(folder);
    expect(report.differences).toEqual([]);
    expect(report.statuses).toEqual({ agree: 10, all: 10 });
    expect(report.fields.all).toBeGreaterThan(300);
    expect(report.isEnough).toBe(true);
  });

  test('tells a field that differs, and counts it', async () => {
    const report = await replayChanged('an_invoice_is_paid', ({ calls }) => {
      put(calls[5]!.resp, 'amount_paid', 1800);
      put(calls[0]!.resp, 'a_field_of_real_stripe', 'x');
    });
    expect(report.differences).toEqual([
      expect.stringContaining('POST /v1/customers: a_field_of_real_stripe: "x", here nothing'),
      expect.stringContaining('/pay: amount_paid: 1800, here 1900'),
    ]);
    expect(report.fields.all - report.fields.agree).toBe(2);
  });

  test('tells a status that differs, and leaves its fields out', async () => {
    const report = await replayChanged('what_is_not_there_is_refused', ({ calls }) => {
      calls[1]!.status = 200;
    });
    expect(report.differences).toEqual([expect.stringContaining('status 200, here 404')]);
    expect(report.isEnough).toBe(false);
    expect(printReport(report)).toContain('Statuses: 2 of 3 agree (66.67 %)');
  });

  test('leaves out what makes methods that are not imitated, and says so', async () => {
    const report = await replayChanged('what_is_not_there_is_refused', ({ calls }) => {
      calls[1] = { ...calls[1]!, path: '/v1/payment_methods', body: 'type=ideal', status: 200 };
    });
    expect(report.statuses.all).toBe(2);
    expect(report.leftOut).toEqual([expect.stringContaining('type=ideal')]);
  });

  test('makes what a sequence names and does not make', async () => {
    const report = await replayChanged('an_invoice_is_paid', ({ calls }) => {
      // Only the payment is left: customer, card, item and invoice were made elsewhere.
      calls.splice(0, 5);
      calls.splice(1);
    });
    expect(report.differences).toEqual([]);
    expect(report.statuses).toEqual({ agree: 1, all: 1 });
  });

  test('says in a sentence when there is nothing to replay', async () => {
    await expect(replayFolder(import.meta.dirname)).rejects.toThrow(/holds no recorded sequences/);
  });
});

describe('an id stands for one of ours', () => {
  test('from the first place where both are met', () => {
    const ids = new Ids();
    expect(ids.agree('cus_TOnPWZP5qSvsBd', 'cus_0000000000000A')).toBe(true);
    expect(ids.agree('cus_TOnPWZP5qSvsBd', 'cus_0000000000000B')).toBe(false);
    expect(ids.agree('cus_TOnPWZP5qSvsBe', 'cus_0000000000000A')).toBe(false);
    expect(ids.agree('in_1SRzodKXBGcbgpbZ', 'pi_1SRzodKXBGcbgpbZ')).toBe(false);
  });

  test('also within other texts', () => {
    const ids = new Ids();
    ids.learn('ch_3SRzodKXBGcbgpbZ', 'ch_3AAAAAAAAAAAAAAA');
    ids.learn('default', 'price_1BBBBBBBBBBBB');
    expect(ids.translate('/v1/charges/ch_3SRzodKXBGcbgpbZ/refunds')).toBe(
      '/v1/charges/ch_3AAAAAAAAAAAAAAA/refunds',
    );
    expect(ids.translate('default')).toBe('price_1BBBBBBBBBBBB');
    expect(ids.translate('the default one')).toBe('the default one');
  });
});

test.each<[what: string, recorded: Json, ours: Json, agrees: boolean]>([
  ['a time some seconds away', { created: 1762799266 }, { created: 1762799268 }, true],
  ['a time a day away', { created: 1762799266 }, { created: 1762885666 }, false],
  ['two times before it all began', { created: 1583852982 }, { created: 1762700000 }, true],
  ['an amount', { amount: 1900 }, { amount: 1901 }, false],
  ['a page of ours', { url: 'https://pay.stripe.com/x' }, { url: 'http://127.0.0.1:1/r' }, true],
  ['a page that is missing', { url: 'https://pay.stripe.com/x' }, { url: null }, false],
  ['a secret', { client_secret: 'pi_1_secret_a' }, { client_secret: 'pi_2_secret_b' }, true],
  ['a longer list', { data: ['a'] }, { data: ['a', 'b'] }, false],
  ['a field too much', {}, { extra: null }, false],
  ['a whole object that is missing', { a: { b: 1, c: 2 } }, { a: null }, false],
])('%s', (_what, recorded, ours, agrees) => {
  const fields = compare(recorded, ours, new Ids(), 1762799266);
  expect(fields.every((field) => field.agrees)).toBe(agrees);
});

test.each([
  ['subscription', { plan: { id: 'a' } }, false],
  ['subscription', { billing_schedules: [] }, true],
  ['payment_intent', { payment_method_types: ['link'] }, true],
  ['payment_intent', { payment_method_options: { link: { persistent_token: null } } }, true],
  ['payment_intent', { payment_method_options: { card: { network: null } } }, false],
])('of a %s may differ: %j %s', (object, fields, may) => {
  const [, field] = compare({ object, ...fields } as Json, { object }, new Ids(), 0);
  expect(whyExempt(field!) !== null).toBe(may);
});

const changeLog = readFileSync(join(installedSdk(), 'CHANGELOG.md'), 'utf8');
test.each(released)('8.14 $place came with $release', ({ release, words }) => {
  const [, notes = ''] = changeLog.split(`</a>${release}\n`);
  const [ofRelease = ''] = notes.split(/^## /m);
  const line = ofRelease
    .split('\n')
    .find((one) => words.every((word) => one.includes(word)) && /Add support for/.test(one));
  expect(line).toBeDefined();
});

test('a request is sent in the spelling of our version', () => {
  const form: [string, string][] = [
    ['billing_cycle_anchor', 'now'],
    ['payment_method_types[0]', 'card'],
    ['expand[0]', 'schedule'],
  ];
  expect(inOurVersion('/v1/subscriptions/sub_1', form)).toEqual([
    ['billing_cycle_anchor[type]', 'now'],
    ['expand[0]', 'schedule'],
  ]);
  expect(inOurVersion('/v1/subscriptions', [['billing_cycle_anchor', '1']])).toEqual([
    ['billing_cycle_anchor', '1'],
  ]);
});
