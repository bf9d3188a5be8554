import { parser } from '@prometheus-io/lezer-promql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readText } from '../architecture/files.ts';
import { anchors, pages } from '../architecture/markdown.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { settled, signUp } from '../support/customer.ts';

const TOKEN = 'a token for the figures';
let app: TestApp;
let shown: string;
beforeAll(async () => {
  app = await startTestApp({ METRICS_TOKEN: TOKEN });
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  await settled(app);
  const forged = { 'Stripe-Signature': `t=1,v1=${'0'.repeat(64)}` };
  await fetch(`${app.url}/webhooks/stripe`, { method: 'POST', body: '{}', headers: forged });
  await app.server.context.services.reconcile.sweep();
  await app.server.context.services.ledgerVerification.verify();
  shown = await read();
});
afterAll(async () => app?.stop());

async function read(): Promise<string> {
  const headers = { Authorization: `Bearer ${TOKEN}` };
  return (await fetch(`${app.url}/metrics`, { headers })).text();
}

/** Of each series on `/metrics` its name and labels. */
const seriesOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, labels = ''] = /^(\w+)(?:\{(.*)\})? /.exec(line)!;
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
      return { name: name!, labels: new Map(pairs.map(([, key, value]) => [key!, value!])) };
    });
const valueOf = (name: string, labels = '') => {
  const line = shown.split('\n').find((one) => one.startsWith(`${name}${labels} `));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
};

describe('14 figures say what happened', () => {
  test('a purchase, its events and a forged delivery', () => {
    expect(valueOf('subscriptions', '{plan="pro",status="active"}')).toBe(1);
    expect(valueOf('stripe_webhooks_total', '{outcome="accepted"}')).toBeGreaterThan(3);
    expect(valueOf('stripe_webhooks_total', '{outcome="bad_signature"}')).toBe(1);
    expect(valueOf('stripe_webhooks_total', '{outcome="other_mode"}')).toBe(0);
    expect(valueOf('stripe_events_handled_total', '{outcome="processed"}')).toBeGreaterThan(0);
    expect(valueOf('stripe_webhook_lag_seconds_count')).toBe(
      valueOf('stripe_webhooks_total', '{outcome="accepted"}'),
    );
    const handled = ['processed', 'ignored'].map((outcome) =>
      valueOf('stripe_events_handled_total', `{outcome="${outcome}"}`),
    );
    expect(valueOf('stripe_event_handling_lag_seconds_count')).toBe(handled[0]! + handled[1]!);
  });

  test('how long ago everything was compared', () => {
    expect(valueOf('reconcile_age_seconds')).toBeGreaterThanOrEqual(0);
    expect(valueOf('usage_verification_age_seconds')).toBeGreaterThanOrEqual(0);
    expect(valueOf('usage_differences')).toBe(0);
    expect(valueOf('alerts_open', '{kind="event_dead"}')).toBe(0);
    expect(valueOf('jobs_open', '{job="mail-send",state="failed"}')).toBe(0);
    expect(valueOf('mail_outbox', '{state="given_up"}')).toBe(0);
    expect(valueOf('usage_holds', '{state="overdue"}')).toBe(0);
  });
});

/** What a query asks for: each metric, with the labels that are to be equal to something. */
function selectorsOf(expr: string): { name: string; labels: Map<string, RegExp> }[] {
  // Grafana fills its variables in before.
  const text = expr.replaceAll('$__rate_interval', '5m');
  const found: { name: string; labels: Map<string, RegExp> }[] = [];
  parser.parse(text).iterate({
    enter(node) {
      expect(node.type.isError, `${expr} at ${node.from}`).toBe(false);
      const said = text.slice(node.from, node.to);
      if (node.name === 'VectorSelector') {
        found.push({ name: /^\w+/.exec(said)![0], labels: new Map() });
      }
      const equal = /^(\w+)\s*(=~?)\s*"(.*)"$/.exec(said);
      if (node.name === 'UnquotedLabelMatcher' && equal) {
        const [, label, , value] = equal;
        found.at(-1)!.labels.set(label!, new RegExp(`^(${value})$`));
      }
    },
  });
  return found;
}

/** Prometheus’s own, and what it adds to every series. */
const OF_PROMETHEUS = { names: ['up'], labels: ['job', 'instance'] };
/** States that no subscription of this test is in, and answers that nobody got. */
const UNSEEN = ['http_request_duration_seconds_count', 'subscriptions'];

interface Rule {
  alert: string;
  expr: string;
  annotations: { summary: string; runbook: string };
}
const { groups } = parse(readText('deploy/monitoring/alerts.yaml')) as {
  groups: { rules: Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(readText('deploy/monitoring/dashboard.json')) as {
  panels: { title: string; targets?: { expr: string }[] }[];
};

const queries = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => [title, expr] as const),
  ),
];

describe('14 what is watched is there', () => {
  test.each(queries)('%s asks for figures that /metrics shows', (_name, expr) => {
    const series = seriesOf(shown);
    const wanted = selectorsOf(expr);
    expect(wanted.length).toBeGreaterThan(0);
    for (const { name, labels } of wanted) {
      if (OF_PROMETHEUS.names.includes(name)) continue;
      const same = series.filter((one) => one.name === name);
      const known =
        same.length > 0 || shown.includes(`# TYPE ${name.replace(/_(bucket|sum|count)$/, '')} `);
      expect(known, name).toBe(true);
      const own = [...labels].filter(([label]) => !OF_PROMETHEUS.labels.includes(label));
      if (UNSEEN.includes(name)) continue;
      const fits = same.some((one) =>
        own.every(([label, value]) => value.test(one.labels.get(label) ?? '')),
      );
      expect(own.length === 0 || fits, `${name} ${own.join(' ')}`).toBe(true);
    }
  });

  test('every figure of ours is on the dashboard', () => {
    const named = [...shown.matchAll(/^# TYPE (\w+) /gm)].map((match) => match[1]!);
    const ours = named.filter((name) => !/^(nodejs|process)_/.test(name));
    const text = queries.map(([, expr]) => expr).join('\n');
    expect(ours.length).toBeGreaterThan(20);
    expect(ours.filter((name) => !text.includes(name))).toEqual([]);
  });

  test('every alarm leads to a section of the runbook', () => {
    const runbook = anchors(pages.find((page) => page.path === 'docs/runbook.md')!);
    const lost = rules.filter(({ annotations: { runbook: link } }) => {
      const [file, anchor] = link.split('#');
      return file !== 'docs/runbook.md' || (anchor !== undefined && !runbook.has(anchor));
    });
    expect(lost.map(({ alert }) => alert)).toEqual([]);
  });
});

test('14 a database that is away takes its own figures along, and no others', async () => {
  const { pool } = app.database;
  await pool.query('alter table alerts rename to alerts_away');
  await pool.query('alter table settings rename to settings_away');
  try {
    const text = await read();
    expect(text).not.toMatch(/^alerts_open\{/m);
    expect(text).not.toMatch(/^reconcile_age_seconds /m);
    expect(text).toMatch(/^stripe_events_open\{state="dead"\} 0$/m);
    expect(text).toMatch(/^process_resident_memory_bytes /m);
  } finally {
    await pool.query('alter table alerts_away rename to alerts');
    await pool.query('alter table settings_away rename to settings');
  }
});
