import fc from 'fast-check';

export const TENANTS = 2;
export const RESOURCES = ['messages', 'images'] as const;

const tenant = fc.nat(TENANTS - 1);
const resource = fc.constantFrom(...RESOURCES);
const micro = fc.integer({ min: 1, max: 120 });
/** Minor units a credit, so dear that a cap of a few of them ends within some calls. */
export const PRICES = [100_000, 130_000, 150_000];
const overagePrice = fc.constantFrom(...PRICES);
const call = fc.record({
  tenant,
  resource,
  amount: fc.integer({ min: 1, max: 8 }),
  enforce: fc.boolean(),
  hold: fc.boolean(),
});
/**
 * Calls that are admitted together: some, or many of one tenant, so that some of them fit the quota, some
 * are paid beyond it by one source or several, and some are refused, in any order.
 */
const batch = fc.oneof(
  fc.array(call, { minLength: 1, maxLength: 8 }),
  tenant.chain((one) =>
    fc.array(
      call.map((asked) => ({ ...asked, tenant: one })),
      { minLength: 8, maxLength: 24 },
    ),
  ),
);

/** Whatever can be done to the credits of some tenants. */
export const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      admit: batch,
      mode: fc.constantFrom('whole' as const, 'drawn' as const, 'mixed' as const),
      // Among so many others beyond their quotas that nothing is tried as a whole.
      crowded: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      grant: fc.record({
        ...{ tenant, micro, paid: fc.boolean() },
        from: fc.constantFrom(0, 0, 0, 30_000, 90_000),
        lasts: fc.constantFrom(40_000, 100_000, 200_000, 1e9),
      }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ settle: fc.nat(20), amount: fc.option(fc.nat(14)) }) },
  { weight: 2, arbitrary: fc.record({ begin: fc.nat(20), amount: fc.nat(10) }) },
  { weight: 3, arbitrary: fc.record({ advanceMs: fc.constantFrom(1, 10_000, 30_000, 70_000) }) },
  { weight: 1, arbitrary: fc.constant({ sweep: true as const }) },
  { weight: 1, arbitrary: fc.record({ revoke: fc.nat(9), micro: fc.option(micro) }) },
  { weight: 1, arbitrary: fc.record({ freeze: fc.nat(9), on: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      correct: fc.record({ tenant, resource, amount: fc.integer({ min: -12, max: 4 }) }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      plan: fc.record({
        ...{ tenant, resource },
        limit: fc.option(fc.nat(12), { freq: 5 }),
        rate: fc.option(fc.constantFrom(3, 7), { freq: 5 }),
      }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      agree: fc.record({
        ...{ tenant, cap: fc.nat(12) },
        on: fc.constantFrom(true, true, true, false),
        // Most people agree to what is shown.
        price: fc.option(overagePrice, { freq: 1 }),
      }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      sell: fc.record({
        tenant,
        offer: fc.option(
          fc.record({
            price: overagePrice,
            suspended: fc.constantFrom(null, null, null, 'past_due'),
          }),
          { freq: 6 },
        ),
      }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      bill: tenant,
      n: fc.nat(3),
      to: fc.constantFrom('billed' as const, 'paid' as const, 'failed' as const, 'void' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ look: tenant }) },
);

export type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const together = { mode: 'whole' as const, crowded: false };
const asked = (amount: number, hold = false) => ({
  ...{ tenant: 0, resource: 'messages' as const, amount, enforce: false, hold },
});
/**
 * Histories that chance found once in thousands. Of the first: work that used more than it held, whose hold is past
 * its time, is ended for a call behind others that have taken the quota in the same batch.
 */
export const KNOWN: Step[][] = [
  [
    { admit: [asked(1, true), asked(1)], ...together },
    { begin: 0, amount: 2 },
    { grant: { tenant: 0, micro: 1, paid: false, from: 0, lasts: 40_000 } },
    { advanceMs: 70_000 },
    { admit: [asked(3), asked(6), asked(1, true)], ...together },
  ],
  [
    { admit: [asked(1), asked(1)], ...together },
    { grant: { tenant: 0, micro: 1, paid: false, from: 0, lasts: 40_000 } },
    { admit: [asked(2), asked(6), asked(1)], ...together },
  ],
];
