import { describe, expect, test } from 'vitest';
import { API_KEY_SCOPES, API_KEYS_MAX } from '../../src/domain/api-keys.ts';
import { CHARACTERS_MAX, LISTED_PER_TENANT_MAX } from '../../src/domain/characters.ts';
import { FEATURES, PLANS } from '../../src/domain/plans.ts';
import { FIRST_PLANS } from '../support/first-plans.ts';
import { RESOURCE_TYPES } from '../../src/domain/quota.ts';
import { meaningOf, parseStripeStatus } from '../../src/domain/billing/subscription-status.ts';
import { ALERT_KINDS } from '../../src/domain/alerts.ts';
import { ERROR_STATUS } from '../../src/domain/errors.ts';
import { readText, sourceFiles } from './files.ts';
import { pages, tableRows } from './markdown.ts';

const rowsOf = (name: string) => tableRows(pages.find((page) => page.path === name)!);
const guide = rowsOf('docs/subscription-guide.md');
const glossary = rowsOf('docs/glossary.md');

describe('the guide for product people agrees with the domain', () => {
  test.each([
    ['Messages a month', 'messages'],
    ['Tokens a month', 'llm_tokens'],
    ['Pictures a month', 'images'],
    ['API calls a month', 'api_calls'],
  ] as const)('%s', (row, resource) => {
    const written = guide.find(([name]) => name === row)?.slice(1);
    const limits = PLANS.map((plan) => FIRST_PLANS[plan].limits[resource]);
    expect(written).toEqual(
      limits.map((limit) => (limit === 0 ? 'not included' : limit!.toLocaleString('en'))),
    );
  });

  test('what API keys and characters there may be', () => {
    const text = readText('docs/subscription-guide.md').replaceAll(/\s+/g, ' ');
    const { perPerson, perTenant } = API_KEYS_MAX;
    expect(text).toContain(`at most ${perPerson} of a person and ${perTenant} of a team`);
    for (const scope of API_KEY_SCOPES) expect(text).toContain(`- \`${scope}\`: `);
    expect(text).toContain(`at most ${CHARACTERS_MAX.perTenant} characters`);
    expect(text).toContain(`at most ${CHARACTERS_MAX.sharedPerTenant} of them`);
    expect(text).toContain(`its newest ${LISTED_PER_TENANT_MAX} stand`);
  });

  test('access by status', () => {
    const labels = {
      active: 'Active',
      trialing: 'Trial',
      past_due: 'Past due',
      canceled: 'Cancelled',
    };
    const access = { plan: /^the plan$/, grace: /^the plan for the days of grace/, none: /^Free$/ };
    const written = guide.flatMap(([names = '', shown = '', gives = '']) =>
      [...names.matchAll(/`(\w+)`/g)].flatMap(([, name]) => {
        const status = parseStripeStatus(name!);
        return status ? [{ name, shown, gives, meaning: meaningOf(status) }] : [];
      }),
    );
    expect(written.map(({ name }) => name).sort()).toEqual(
      [...readText('src/domain/billing/subscription-status.ts').matchAll(/^ {2}(\w+): row\(/gm)]
        .map((match) => match[1])
        .sort(),
    );
    for (const { shown, gives, meaning } of written) {
      expect(shown).toBe(labels[meaning.status]);
      expect(gives).toMatch(access[meaning.access]);
    }
  });

  test('every mail that there is a template for', () => {
    const templates = readText('src/server/services/mail/templates.ts');
    const data = templates.slice(templates.indexOf('interface MailData'));
    const kinds = [...data.slice(0, data.indexOf('\n}')).matchAll(/^ {2}(\w+): \{/gm)];
    const written = guide.flatMap(([name = '']) => /^`(\w+)`$/.exec(name)?.[1] ?? []);
    const mails = written.filter((name) => parseStripeStatus(name) === undefined);
    expect(mails.sort()).toEqual(kinds.map((match) => match[1]).sort());
  });
});

describe('the glossary agrees with the screen', () => {
  test('the Chinese words that it gives are on screen', () => {
    const screen = sourceFiles('src/client/i18n/zh-CN')
      .map((file) => file.text)
      .join('\n');
    const words = glossary.flatMap(([, shown = '', meaning = '']) => [
      ...[...shown.matchAll(/[\p{Script=Han}]+/gu)].map(([word]) => word),
      ...[...meaning.matchAll(/\((\p{Script=Han}+)\)/gu)].map((match) => match[1]!),
    ]);
    expect(words.length).toBeGreaterThan(20);
    expect(words.filter((word) => !screen.includes(word))).toEqual([]);
  });

  test('mails and invoices use the words of the screen for what is metered', () => {
    const shell = readText('src/client/i18n/zh-CN/shell.ts');
    const named = readText('src/domain/product.ts');
    const words = RESOURCE_TYPES.map((type) => new RegExp(`${type}: '([^']+)'`).exec(shell)![1]);
    expect(words.filter((word) => !named.includes(`'${word}'`))).toEqual([]);
  });

  test('it names every plan, feature and resource', () => {
    const text = glossary.flat().join(' ');
    const named = [...PLANS, ...FEATURES, ...RESOURCE_TYPES];
    expect(named.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });

  test('each word once', () => {
    const words = glossary.flatMap(([word = '']) =>
      [...word.matchAll(/\*\*([^*]+)\*\*/g)].map((match) => match[1]),
    );
    expect(words.length).toBeGreaterThan(60);
    expect(words.filter((word, index) => words.indexOf(word) !== index)).toEqual([]);
  });
});

test('the runbook knows every alert', () => {
  const runbook = readText('docs/runbook.md');
  expect(ALERT_KINDS.filter((kind) => !runbook.includes(`\`${kind}\``))).toEqual([]);
});

test('error codes that a page names are answered', () => {
  const named = pages.flatMap((page) =>
    [...page.text.matchAll(/\b[45]\d\d `([a-z]+_[a-z_]+)`/g)].map((match) => match[1]!),
  );
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((code) => !Object.hasOwn(ERROR_STATUS, code))).toEqual([]);
});
