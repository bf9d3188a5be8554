import fc from 'fast-check';

const day = 86_400;
export const plans = ['monthly', 'yearly', 'team'] as const;
export const prorations = ['create_prorations', 'always_invoice', 'none'] as const;

/** Something that somebody does, some seconds after the one before. */
export type Action = { after: number; who: number } & (
  | { do: 'subscribe'; plan: number; trialDays: number; classic: boolean }
  | { do: 'change'; plan: number; proration: number; anchorNow: boolean; pending: boolean }
  | { do: 'quantity'; quantity: number; proration: number }
  | { do: 'cancel'; atEnd: boolean; prorate: boolean }
  | { do: 'uncancel' | 'pause' | 'resume' | 'pay' | 'void' | 'refund' | 'endTrial' }
  | { do: 'fail'; fails: boolean }
  | { do: 'downgrade'; plan: number }
  | { do: 'reschedule'; plan: number; trialDays: number; proration: number }
);

// Mostly the one who begins, so that actions meet each other.
const who = fc.constantFrom(0, 0, 0, 1);
const after = fc.integer({ min: 0, max: 30 * day });
const plan = fc.nat({ max: 2 });
const proration = fc.nat({ max: 2 });
const action = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record({ after, who, ...model });

const subscribe = action({
  do: fc.constant('subscribe' as const),
  plan,
  trialDays: fc.constantFrom(0, 0, 2, 14),
  classic: fc.boolean(),
});

const later = fc.array(
  fc.oneof(
    subscribe,
    action({
      do: fc.constant('change' as const),
      plan,
      proration,
      anchorNow: fc.boolean(),
      pending: fc.boolean(),
    }),
    action({
      do: fc.constant('quantity' as const),
      quantity: fc.integer({ min: 0, max: 5 }),
      proration,
    }),
    action({ do: fc.constant('cancel' as const), atEnd: fc.boolean(), prorate: fc.boolean() }),
    action({
      do: fc.constantFrom(
        ...(['uncancel', 'pause', 'resume', 'pay', 'void', 'refund', 'endTrial'] as const),
      ),
    }),
    action({ do: fc.constant('fail' as const), fails: fc.boolean() }),
    action({ do: fc.constant('downgrade' as const), plan }),
    action({
      do: fc.constant('reschedule' as const),
      plan,
      trialDays: fc.constantFrom(0, 3, 40),
      proration,
    }),
  ) as fc.Arbitrary<Action>,
  { maxLength: 14 },
);

/** Somebody subscribes, and then things happen. */
export const actions: fc.Arbitrary<Action[]> = fc
  .tuple(subscribe, later)
  .map(([first, rest]) => [{ ...first, who: 0 } as Action, ...rest]);
