import { afterAll, beforeAll, expect, test } from 'vitest';
import { schemaOf } from '../../../../../../tests/support/buckets.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { listLines } from '../../../../../db/repositories/billing/statements/statement.repository.ts';
import { WEIGHT_ONE } from '../../../../../domain/billing/usage/rate-card.ts';
import { minorOf } from '../../../../../domain/billing/statement.ts';
import { parsePeriod } from '../../../../../domain/period.ts';
import { usageService } from '../../../usage/__tests__/service.ts';
import { publishRates } from '../../../plans/publish-rates.ts';
import { hashRows } from '../rows.ts';
import { verifyStatements } from '../verify-statements.ts';
import { verifyChain, verifyProof } from '../verify-proof.ts';
import { closingWorld } from './closing-world.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

const MARCH = parsePeriod('2027-03')!;
const QUOTA = 1_000_000;
const ODD = 'writer, "2%"\nlatest';
const by = { reason: 'a fault', actor: { kind: 'service', name: 'test' } } as const;
const weights = (output: number) => ({
  ...{ input: WEIGHT_ONE, cached: WEIGHT_ONE, output: output * WEIGHT_ONE },
});

/** A team whose tokens are used up: what comes now is overage, and weighed by the card of its instant. */
async function tokensWorld() {
  const world = await closingWorld(database, { capMinor: 1_000_000 });
  const { usage, tenantId, clock } = world;
  const tokens = { tenantId, resourceType: 'llm_tokens' as const };
  await usage.trackUsage({ ...tokens, amount: QUOTA });
  let key = 0;
  const send = async (...events: { model?: string; output: number; occurredAt?: string }[]) =>
    // One that has just begun knows the newest card.
    usageService(database, clock).ingestBatch(
      events.map(({ output, ...event }) => ({
        ...{ ...tokens, ...event, raw: { output }, idempotencyKey: `${tenantId} ${(key += 1)}` },
      })),
    );
  return { ...world, send, tokens, publish: publishAt(clock) };
}

const publishAt = (clock: { now: () => Date }) => (output: number) =>
  publishRates(
    { db: database.db, clock },
    { weights: { '*': weights(1), large: weights(output) }, effectiveAt: undefined },
  );

/** Every movement of use with what the ledger's row says that names it; a return, with what it gives back. */
async function namesOf(tenantId: string) {
  const u = await schemaOf(database.pool, tenantId);
  const { rows } = await database.pool.query<Record<string, unknown>>(
    `select d.seq::int, d.model, d.rate_card as card, e.model as "ledgerModel", e.card as "ledgerCard"
     from ${u}.credit_draws d
     join (
       select generate_series(draw_seq, draw_seq + draw_count - 1) as seq, metadata ->> 'model' as model,
         (metadata -> 'rated' ->> 'card')::int as card
       from ${u}.usage where tenant_id = $1 and draw_seq is not null and actor is null
     ) e on e.seq = coalesce(d.reverses_seq, d.seq)
     where d.tenant_id = $1 order by d.seq`,
    [tenantId],
  );
  return rows;
}

test('12.51 a card changes within a month: both versions, and both models, are on the statement', async () => {
  const { send, publish, close, clock, tenantId, deps, usage, proofOf, all } = await tokensWorld();
  const [old, fresh] = [(await publish(2))!.version, () => publish(5)];
  clock.set('2027-03-10T13:00:00Z');
  const first = await send(
    { model: 'large', output: 40_000 },
    { model: ODD, output: 30_001 },
    { output: 500 },
  );
  expect(first[0]).toMatchObject({ charged: { credits: 16, from: ['overage'] } });
  clock.set('2027-03-10T13:45:00Z');
  const next = (await fresh())!.version;
  clock.set('2027-03-10T14:00:00Z');
  await send({ model: 'large', output: 70_000 });
  // The work began before the new card.
  await send({ model: 'large', output: 1_000, occurredAt: '2027-03-10T13:30:00Z' });
  const { reservationId } = await usage.reserve({
    ...{ tenantId, resourceType: 'llm_tokens', amount: 9_000, ttlSeconds: 3_600 },
  });
  const rated = { card: next, model: 'large', raw: { input: 0, cached: 0, output: 1_600 } };
  await usage.settle({ reservationId, amount: 8_000, metadata: { model: 'large' }, rated });
  await usage.correct({
    ...{ tenantId, resourceType: 'llm_tokens', period: MARCH, amount: -8_100, ...by },
  });
  const statement = (await close({ kind: 'threshold' }))!;
  const [line, ...more] = await listLines(database.db, statement.id);
  expect(more).toEqual([]);
  const part = (model: string | null, rateCard: number | null, units: number) => ({
    ...{ model, rateCard, units, micro: units * 200 },
  });
  // Of the correction 8,000 units were the hold's, and 100 the last event's.
  expect(line!.details).toEqual([
    part(null, old, 500),
    part('large', old, 80_000 + 2_000 - 100),
    part('large', next, 350_000),
    part(ODD, old, 30_001),
  ]);
  const units = line!.details.reduce((sum, one) => sum + one.units, 0);
  expect(line).toMatchObject({
    units,
    micro: units * 200,
    amountMinor: minorOf(units * 200, '12'),
  });
  expect(statement.amountMinor).toBe(line!.amountMinor);
  const { rows } = await database.pool.query<{ units: string }>(
    `select sum(amount) - $2 as units from ${await schemaOf(database.pool, tenantId)}.usage
     where tenant_id = $1 and resource_type = 'llm_tokens'`,
    [tenantId, QUOTA],
  );
  expect(Number(rows[0]!.units)).toBe(units);

  for (const name of await namesOf(tenantId)) {
    expect(name).toMatchObject({ model: name['ledgerModel'], card: name['ledgerCard'] });
  }
  const proof = await proofOf(statement);
  expect(verifyProof(proof).findings).toEqual([]);
  expect(proof).toContain('writer%2C %222%25%22%0Alatest');
  expect(await verifyStatements(deps)).toEqual([]);
  await database.pool.query(
    `update statement_lines set details = jsonb_set(details, '{0,units}', '1') where statement_id = $1`,
    [statement.id],
  );
  expect(await verifyStatements(deps)).toMatchObject([{ fault: 'draws', tenantId }]);
  await database.pool.query(`delete from statement_lines where statement_id = $1`, [statement.id]);
  await database.pool.query(`delete from statements where id = $1`, [statement.id]);
  expect(await all()).toEqual([]);
});

test('12.23 a statement that was closed before movements named models is proved as it was', async () => {
  const { send, close, deps, tenantId, proofOf, all } = await tokensWorld();
  await send({ model: 'large', output: 40_000 });
  const before = (await close({ kind: 'threshold' }))!;
  // What the version before wrote: rows without a name for the model, and no parts of lines.
  const run = { from: before.seqFrom, to: before.seqTo, format: 1 as const };
  await database.pool.query(`update statements set proof_format = 1, sha256 = $2 where id = $1`, [
    before.id,
    await hashRows(deps, tenantId, run, ''),
  ]);
  await database.pool.query(`update statement_lines set details = '[]' where statement_id = $1`, [
    before.id,
  ]);
  await send({ model: 'large', output: 40_000 });
  await close({ kind: 'threshold' });
  const found = await all();
  expect(found.map(({ proofFormat }) => proofFormat)).toEqual([1, 2]);
  const verdicts = await Promise.all(found.map(async (one) => verifyProof(await proofOf(one))));
  expect(verdicts.flatMap(({ findings }) => findings)).toEqual([]);
  expect(verifyChain(verdicts[0]!, verdicts[1]!)).toEqual([]);
  expect(await verifyStatements(deps)).toEqual([]);
});
