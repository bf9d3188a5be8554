import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { QueryResultRow } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  creditFaults,
  imbalances,
  tenantInBucket,
} from '../../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { bucketSchema } from '../../../../../db/buckets.ts';
import { violatedConstraint } from '../../../../../db/database-error.ts';
import type { AdmissionResult } from '../../../../../db/repositories/usage/admission/admit-all.ts';
import { periodOf } from '../../../../../domain/period.ts';
import { syncEntitlement } from '../../routing/bucket-sync.ts';
import { UsageRouter } from '../../routing/router.ts';
import { CreditModel } from './credit-model.ts';
import { openCrowd } from './crowd.ts';
import { KNOWN, PRICES, RESOURCES, step, TENANTS, type Step } from './credit-steps.ts';
import type { ModelGrant } from './grants-model.ts';
import type { ModelOffer } from './overage-model.ts';

let database: TestDatabase;
let router: UsageRouter;
const crowd: string[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  router = new UsageRouter({ database });
  for (let n = 0; n < 40; n += 1) crowd.push(await tenantThere());
  await openCrowd(ask, crowd, PERIOD, new Date(START_MS));
});
afterAll(() => database.drop());

/** The bucket in which everything happens: the last one. */
const BUCKET = Number(process.env['BUCKETS'] ?? 1) - 1;

/** Asks that bucket what is written for the first. */
const ask = <Row extends QueryResultRow>(text: string, values: unknown[]) =>
  database.pool.query<Row>(text.replaceAll(/\bu00\./g, `${bucketSchema(BUCKET)}.`), values);

async function tenantThere(): Promise<string> {
  const id = await tenantInBucket(database.pool, BUCKET);
  await syncEntitlement(database, id);
  return id;
}

const START_MS = Date.parse('2026-05-10T12:00:00Z');
const PERIOD = periodOf(new Date(START_MS));
const TTL_MS = 60_000;
const RUNS = Number(process.env['CREDITS_RUNS'] ?? 40);

test('12.2 12.4 invariants 2 to 11, 18, 20: credits are held and drawn exactly as the plain rules say', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 35 }), async (steps) => {
      const world = await new World().open();
      for (const one of steps) await world.play(one);
      for (let at = 0; at < TENANTS; at += 1) await world.look(at);
    }),
    { numRuns: RUNS, examples: KNOWN.map((steps): [Step[]] => [steps]) },
  );
  expect(await imbalances(database.pool)).toEqual([]);
  expect(await creditFaults(database.pool)).toEqual([]);
}, 3_600_000);

const isPaid = (result: AdmissionResult) => 'drawn' in result && result.drawn.credits === 2;
const ofMonth = (tenantId: string) => ({ tenantId, period: PERIOD });

/** Plays each step on the database and on the model. */
class World {
  readonly models: CreditModel[] = [];
  readonly #ids: string[] = [];
  readonly #holds: { id: string; at: number }[] = [];
  readonly #grants: { at: number; grant: ModelGrant }[] = [];
  #nowMs = START_MS;

  async open(): Promise<this> {
    for (let at = 0; at < TENANTS; at += 1) this.#ids.push(await tenantThere());
    await ask(`select u00.usage_ensure_partition($1)`, [PERIOD]);
    await ask(`select u00.usage_open($1, $2)`, [PERIOD, this.#ids]);
    const counter = { used: 0, beyond: 0, held: 0, heldBeyond: 0 };
    for (let at = 0; at < TENANTS; at += 1) {
      this.models.push(
        new CreditModel({
          messages: { ...counter, limit: 10, rate: 3 },
          images: { ...counter, limit: 4, rate: 7 },
        }),
      );
      for (const name of RESOURCES) await this.#write(at, name);
      await this.#sell({ tenant: at, offer: { price: PRICES[0]!, suspended: null } });
    }
    return this;
  }

  async play(one: Step): Promise<void> {
    const now = new Date(this.#nowMs);
    if ('admit' in one) await this.#admit(one);
    else if ('grant' in one) await this.#grant(one.grant);
    else if ('settle' in one) {
      const hold = this.#holds[one.settle];
      if (!hold) return;
      const asked = { tenantId: this.#ids[hold.at]!, reservationId: hold.id, metadata: null };
      const [done] = await router.settle(BUCKET, now, [{ ...asked, amount: one.amount }]);
      const outcome = this.models[hold.at]!.settle(hold.id, one.amount, this.#nowMs);
      expect(done).toMatchObject({ outcome });
    } else if ('begin' in one) {
      const hold = this.#holds[one.begin];
      if (!hold) return;
      const asked = { tenantId: this.#ids[hold.at]!, reservationId: hold.id, expiresAt: null };
      await router.begin(BUCKET, [{ ...asked, amount: one.amount }]);
      const known = this.models[hold.at]!.holds.get(hold.id)!;
      if (known.state === 'open') known.begun = Math.max(known.begun, one.amount);
    } else if ('advanceMs' in one) this.#nowMs += one.advanceMs;
    else if ('sweep' in one) {
      await (await router.bucket(BUCKET)).expire(now);
      for (const model of this.models) model.expire(this.#nowMs);
    } else if ('revoke' in one) await this.#revoke(one);
    else if ('freeze' in one) await this.#freeze(one);
    else if ('correct' in one) await this.#correct(one.correct);
    else if ('plan' in one) {
      const { tenant: at, resource: name, limit, rate } = one.plan;
      Object.assign(this.models[at]!.counters[name]!, { limit, rate });
      await this.#write(at, name);
    } else if ('agree' in one) await this.#agree(one.agree);
    else if ('sell' in one) await this.#sell(one.sell);
    else if ('bill' in one) await this.#bill(one);
    else await this.look(one.look);
  }

  async #agree(one: { tenant: number; on: boolean; cap: number; price: number | null }) {
    const [model, id] = [this.models[one.tenant]!, this.#ids[one.tenant]];
    const price = one.price ?? model.offer?.price ?? PRICES[0]!;
    const { rows } = await ask<{ refused: string | null }>(
      `select u00.credit_overage_set($1, $2, $3, 'usd', $4, '{50,80,100}', 'a', $5) as refused`,
      [id, one.on, one.cap, price, new Date(this.#nowMs)],
    );
    const refused = model.set(one.on, one.cap, price);
    expect(rows[0]!.refused).toBe(refused);
    if (refused !== null) return;
    await ask(`select u00.credit_overage_trust($1, $2)`, [id, model.exposureMinor]);
  }

  async #sell({ tenant: at, offer }: { tenant: number; offer: ModelOffer | null }): Promise<void> {
    const { rows } = await ask<{ version: string; plan: string; limits: object; rates: object }>(
      `select version + 1 as version, plan, limits, rates from u00.usage_tenants
       where tenant_id = $1`,
      [this.#ids[at]],
    );
    const { version, plan, limits, rates } = rows[0]!;
    const overage = offer && {
      ...{ currency: 'usd', minorPerCredit: String(offer.price) },
      ...(offer.suspended ? { suspended: offer.suspended } : {}),
    };
    await ask(`select u00.usage_put_tenant($1, $2, $3, $4, null, null, null, null, null, $5, $6)`, [
      this.#ids[at],
      version,
      plan,
      limits,
      rates,
      overage ?? {},
    ]);
    this.models[at]!.sell(offer);
    for (const name of RESOURCES) await this.#write(at, name);
  }

  async #bill(one: { bill: number; n: number; to: 'billed' | 'paid' | 'failed' | 'void' }) {
    const [model, id] = [this.models[one.bill]!, this.#ids[one.bill]];
    if (one.to === 'billed') {
      if (!model.hasAccount) return;
      const ref = `s${model.bills.length}`;
      const { micro, minor, lines } = model.bill();
      await ask(`select u00.credit_overage_billed($1, $2, $3, 'usd', $4, $5)`, [
        ...[id, ref, micro, minor],
        JSON.stringify(lines.map((line) => ({ ...line, period: PERIOD }))),
      ]);
      return;
    }
    const { rows } = await ask<{ done: boolean }>(
      `select u00.credit_overage_${one.to}($1, $2) as done`,
      [id, `s${one.n}`],
    );
    expect(rows[0]!.done).toBe(model.turn(one.n, one.to));
  }

  async #admit(one: Extract<Step, { admit: unknown }>): Promise<void> {
    const now = new Date(this.#nowMs);
    const own = one.admit.map(({ tenant: at, resource: resourceType, ...asked }) => ({
      ...{ tenantId: this.#ids[at]!, resourceType, amount: asked.amount },
      ...{ enforce: asked.enforce || asked.hold, key: null, fingerprint: 0, metadata: null },
      reservationId: asked.hold ? randomUUID() : null,
      expiresAt: asked.hold ? new Date(this.#nowMs + TTL_MS) : null,
    }));
    const others = (one.crowded ? crowd : []).map((tenantId) => ({
      ...{ tenantId, resourceType: 'images' as const, amount: 2, enforce: true, key: null },
      ...{ fingerprint: 0, metadata: null, reservationId: null, expiresAt: null },
    }));
    const calls = [...own, ...others];
    const batch = { period: PERIOD, occurredAt: now, now, calls };
    const results = await router.admit(BUCKET, batch, one.mode);
    expect(results.slice(own.length).filter((result) => !isPaid(result))).toEqual([]);
    one.admit.forEach(({ tenant: at, resource: name, amount, enforce }, i) => {
      const hold = own[i]!.reservationId;
      const asked = { resource: name, amount, enforce, hold };
      const expected = this.models[at]!.admit(asked, this.#nowMs, TTL_MS);
      expect(results[i]).toMatchObject(expected);
      if (hold !== null && expected.outcome === 'accepted') this.#holds.push({ id: hold, at });
    });
    // A hold takes of each source once what it needs, and not bit by bit.
    const crumbs = await ask(
      `select grant_id, count(*) from u00.reservation_sources where reservation_id = any($1)
       group by tenant_id, reservation_id, grant_id having count(*) > 1`,
      [own.map((call) => call.reservationId)],
    );
    expect(crumbs.rows).toEqual([]);
  }

  async #grant(made: {
    tenant: number;
    micro: number;
    paid: boolean;
    from: number;
    lasts: number;
  }) {
    const id = randomUUID();
    const effectiveMs = this.#nowMs + made.from;
    const grant: ModelGrant = {
      ...{ id, paid: made.paid, amount: made.micro, left: made.micro, held: 0, due: 0 },
      ...{ effectiveMs, expiresMs: effectiveMs + made.lasts, frozen: false, revoked: false },
    };
    await ask(
      `select u00.credit_grant($1, $2::uuid, 'goodwill', $2::uuid::text, $3::smallint, $4, $5, $6, 'a', 'b', $7)`,
      [
        ...[this.#ids[made.tenant], id, made.paid ? 1 : 0, made.micro, new Date(effectiveMs)],
        ...[new Date(grant.expiresMs), new Date(this.#nowMs)],
      ],
    );
    this.models[made.tenant]!.lapse(this.#nowMs);
    this.models[made.tenant]!.grants.push(grant);
    this.#grants.push({ at: made.tenant, grant });
  }

  async #revoke({ revoke, micro: wanted }: { revoke: number; micro: number | null }) {
    const found = this.#grants[revoke];
    if (!found) return;
    await this.look(found.at);
    const { rows } = await ask<Record<string, string>>(
      `select revoked_micro, pending_micro, shortfall_micro
       from u00.credit_revoke($1, $2, $3, $4, 'a', 'b', $5)`,
      [this.#ids[found.at], found.grant.id, randomUUID(), wanted, new Date(this.#nowMs)],
    );
    const expected = this.models[found.at]!.revoke(found.grant, wanted);
    expect(Object.values(rows[0]!).map(Number)).toEqual(expected);
  }

  async #freeze({ freeze, on }: { freeze: number; on: boolean }) {
    const found = this.#grants[freeze];
    if (!found) return;
    await this.look(found.at);
    await ask(`select u00.credit_freeze($1, $2, $3, $4, '0'::interval, 'a', 'b', $5)`, [
      this.#ids[found.at],
      found.grant.id,
      randomUUID(),
      on,
      new Date(this.#nowMs),
    ]);
    found.grant.frozen = on;
    this.models[found.at]!.lapse(this.#nowMs);
  }

  async #correct(one: { tenant: number; resource: string; amount: number }) {
    if (one.amount === 0) return;
    const now = new Date(this.#nowMs);
    const refused = await ask(`select u00.usage_correct($1, $2, $3, $4, 'a', 'b', $5, $5)`, [
      ...[this.#ids[one.tenant], PERIOD, one.resource, one.amount, now],
    ]).then(
      () => false,
      (error: unknown) => violatedConstraint(error) === 'usage_totals_not_negative',
    );
    expect(refused).toBe(!this.models[one.tenant]!.correct(one.resource, one.amount, this.#nowMs));
  }

  /** Everything that there is of a tenant, and what the page calls spendable. */
  async look(at: number): Promise<void> {
    const [model, id, now] = [this.models[at]!, this.#ids[at]!, new Date(this.#nowMs)];
    const seen = await (await router.bucket(BUCKET)).readCredits(id, PERIOD, now);
    model.expire(this.#nowMs);
    model.lapse(this.#nowMs);
    expect(seen!.balance).toBe(model.balance(this.#nowMs));
    const { account } = seen!.overage;
    // A refusal tells the same of it, also where it is asked twice among others.
    const asked = [id, this.#ids[0]!, id].map(ofMonth);
    const [first, , again] = await router.readOverages(BUCKET, asked);
    expect([first, again]).toEqual([seen!.overage, seen!.overage]);
    expect([account?.room ?? 0, account?.unpaidMinor ?? 0]).toEqual([
      model.overageRoom(),
      Math.max(0, Math.floor(model.unpaid / 1e6)),
    ]);
    expect(Object.fromEntries(seen!.grants.map((g) => [g.id, [g.left, g.held]]))).toEqual(
      Object.fromEntries(model.grants.map((g) => [g.id, [g.left, g.held]])),
    );
    const { rows } = await ask<Record<string, string> & { name: string }>(
      `select resource_type as name, used, beyond, held, held_beyond as "heldBeyond"
       from u00.usage_totals where tenant_id = $1 and resource_type in ('messages', 'images')`,
      [id],
    );
    for (const { name, ...counter } of rows) {
      const numbers = Object.entries(counter).map(([key, value]) => [key, Number(value)]);
      expect(model.counters[name]).toMatchObject(Object.fromEntries(numbers));
      expect(seen!.spendable[name as 'images']).toBe(model.spendable(name, this.#nowMs));
    }
  }

  async #write(at: number, name: string): Promise<void> {
    const { limit, rate } = this.models[at]!.counters[name]!;
    await ask(
      `update u00.usage_totals set "limit" = $3, rate_micro = $4
       where tenant_id = $1 and resource_type = $2`,
      [this.#ids[at], name, limit, rate],
    );
  }
}
