import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from '@hono/zod-openapi';
import { CAP_ALERTS_PERCENT } from '../../../domain/billing/overage.ts';
import { createApp } from '../../app.ts';
import { USAGE_EVENTS } from '../usage-events.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';

interface Operation {
  summary?: string;
  security?: Record<string, unknown>[];
  responses: Record<string, unknown>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> };
}

let server: TestServer;
let document: Document;
beforeAll(async () => {
  server = await startTestServer();
  document = (await (await fetch(`${server.url}/api/openapi.json`)).json()) as Document;
});
afterAll(() => server.stop());

/** What is served and is no part of the interface, each with its reason. */
const LEFT_OUT = [
  /^\/api\/docs\/./, // the files of the reference page
  /^\/__dev\//, // only beside a local Stripe
];

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );

test('every route of the app is in the document', () => {
  const served = createApp(server.context)
    .routes.filter(({ method, path }) => method !== 'ALL' && !path.includes('*'))
    .filter(({ path }) => !LEFT_OUT.some((pattern) => pattern.test(path)))
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
  // Answered by an app of its own.
  served.push(`POST ${USAGE_EVENTS}`);
  expect(new Set(served)).toEqual(new Set(operations().map(({ name }) => name)));
});

test('it is OpenAPI 3.1, and every reference in it leads somewhere', () => {
  expect(document.openapi).toBe('3.1.0');
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)];
  expect(references.length).toBeGreaterThan(10);
  for (const [, reference] of references) {
    const target = reference!
      .split('/')
      .reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], document);
    expect(target, reference).toBeDefined();
  }
});

test('every operation says what it does, and what it answers when all is well', () => {
  const wanting = operations().filter(
    ({ operation }) =>
      !operation.summary || !Object.keys(operation.responses).some((status) => status < '300'),
  );
  expect(wanting.map(({ name }) => name)).toEqual([]);
});

test('security schemes that are asked for exist', () => {
  const asked = operations().flatMap(({ operation }) =>
    (operation.security ?? []).flatMap((scheme) => Object.keys(scheme)),
  );
  const known = Object.keys(document.components.securitySchemes);
  expect([...new Set(asked)].filter((scheme) => !known.includes(scheme))).toEqual([]);
  expect(asked).toContain('accessToken');
});

test('it shows every value of whatever takes or gives one of several', () => {
  const { definitions } = createApp(server.context).openAPIRegistry;
  const declared = new Set<string>();
  collectChoices(definitions, declared);
  const shown = new Set<string>();
  const collectShown = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { enum: values } = node as { enum?: unknown };
    if (Array.isArray(values)) shown.add(choiceOf(values));
    Object.values(node).forEach(collectShown);
  };
  collectShown(document);
  expect(declared).toContain(choiceOf(CAP_ALERTS_PERCENT));
  expect([...declared].filter((choice) => !shown.has(choice))).toEqual([]);
  // Nor one that is cut short: what the document has was declared so.
  expect([...shown].filter((choice) => !declared.has(choice))).toEqual([]);
});

/**
 * `null` among the values says that nothing is one too, which is told apart; numbers of a query are read
 * from strings.
 */
const choiceOf = (values: readonly unknown[]) =>
  JSON.stringify(
    values
      .filter((value) => value !== null)
      .map(String)
      .toSorted(),
  );

/** The values of each enum and literal in whatever holds zod schemas. */
function collectChoices(node: unknown, choices: Set<string>, seen = new Set<unknown>()): void {
  if ((typeof node !== 'object' && typeof node !== 'function') || node === null) return;
  if (seen.has(node)) return;
  seen.add(node);
  if (node instanceof z.ZodEnum) choices.add(choiceOf(node.options));
  if (node instanceof z.ZodLiteral) choices.add(choiceOf([...node.values]));
  // A schema's parts are in its definition; its shape is read when it is first asked for.
  const parts =
    node instanceof z.ZodType ? [node.def, (node.def as { shape?: unknown }).shape] : node;
  Object.values(parts).forEach((part) => collectChoices(part, choices, seen));
}
