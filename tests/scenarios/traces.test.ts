import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTrace } from '../../src/server/services/operations/tracing/otlp.ts';
import { sourceFiles } from '../architecture/files.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { settled, signUp, type Customer } from '../support/customer.ts';
import { freePort } from '../../src/db/embedded/free-port.ts';
import {
  startTraceCollector,
  type CollectedSpan,
  type TraceCollector,
} from '../support/trace-collector.ts';

let collector: TraceCollector;
let app: TestApp;
let customer: Customer;
beforeAll(async () => {
  collector = await startTraceCollector();
  app = await startTestApp({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  await settled(app);
  // What was not sent yet is sent before the process goes.
  await app.stop();
});
afterAll(async () => collector?.stop());

const named = (name: string) => collector.spans.filter((span) => span.name === name);
const routed = (route: string) =>
  collector.spans.filter((span) => span.attributes['http.route'] === route);
const isBelow = (span: CollectedSpan, above: CollectedSpan): boolean => {
  const parent = collector.spans.find((one) => one.spanId === span.parentSpanId);
  return parent !== undefined && (parent === above || isBelow(parent, above));
};

test('14 one trace leads from the click to Stripe, to the webhook and to the plan', () => {
  const [click] = routed('/api/subscription/checkout');
  expect(click!.attributes).toMatchObject({
    'http.request.method': 'POST',
    'http.response.status_code': 200,
    'squaretable.tenant_id': customer.tenantId,
    'squaretable.request_id': expect.stringMatching(/^req_/) as unknown,
  });
  const all = collector.spans.filter((span) => span.traceId === click!.traceId);
  expect(all.filter((span) => span !== click && !isBelow(span, click!))).toEqual([]);
  const names = all.map((span) => span.name);
  expect(names).toContain('Stripe POST /v1/checkout/sessions');
  const received = all
    .filter((span) => span.name === 'event received')
    .map((span) => span.attributes['stripe.event_type']);
  expect(received).toContain('checkout.session.completed');
  const [changed] = named('plan changed');
  expect(changed!.traceId).toBe(click!.traceId);
  expect(changed!.attributes).toMatchObject({ from: 'free', to: 'pro' });
  const above = named('event handled').find((span) => isBelow(changed!, span));
  expect(above!.attributes['stripe.event_id']).toMatch(/^evt_/);
});

test('14 a trace has ids and no personal data', () => {
  const text = collector.bodies.join('\n');
  expect(text).toContain(customer.tenantId);
  const { email, displayName } = customer.session.user;
  expect(text).not.toContain(email);
  if (displayName) expect(text).not.toContain(`"${displayName}"`);
  expect(text).not.toMatch(/whsec_|sk_test_|Bearer |@example\.com/);
});

test('14 probes are no traces', () => {
  expect(collector.spans.filter((span) => /healthz|readyz|metrics/.test(span.name))).toEqual([]);
});

test('14 a collector that is away costs the traces alone', async () => {
  const trace = openTrace({
    endpoint: `http://127.0.0.1:${await freePort()}`,
    ...{ headers: {}, serviceName: 'tests', sampler: 'always_on', ratio: 1 },
  });
  const answered = await trace.span('work', {}, () => Promise.resolve('done'));
  expect(answered).toBe('done');
  await expect(
    trace.span('work', { parent: 'no traceparent' }, () => Promise.reject(new Error('broke'))),
  ).rejects.toThrow('broke');
  await trace.close();
});

test('14 what goes on elsewhere goes on in the same trace', async () => {
  const trace = openTrace({
    endpoint: collector.url,
    ...{ headers: {}, serviceName: 'tests', sampler: 'always_on', ratio: 1 },
  });
  const parent = await trace.span('here', {}, () => Promise.resolve(trace.current()));
  await trace.span('elsewhere', { parent }, () => Promise.resolve());
  await trace.close();
  const [here] = named('here');
  expect(named('elsewhere')[0]).toMatchObject({
    traceId: here!.traceId,
    parentSpanId: here!.spanId,
  });
  expect(trace.current()).toBeUndefined();
});

test('14 nothing of it is loaded where no traces are asked for', () => {
  const makers = sourceFiles('src')
    .concat(sourceFiles('scripts'))
    .filter((file) => file.imports.some(({ from }) => from.startsWith('@opentelemetry/')))
    .map((file) => file.path);
  expect(makers).toEqual(['src/server/services/operations/tracing/otlp.ts']);
  const users = sourceFiles('src')
    .concat(sourceFiles('scripts'))
    .filter((file) => file.imports.some(({ from }) => from === makers[0]));
  expect(users.map((file) => file.path)).toEqual(['scripts/start/product.ts']);
  expect(users[0]!.text).not.toMatch(/^import .*tracing\/otlp/m);
});
