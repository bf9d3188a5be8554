import type { FailureRule, LocalStripe } from 'local-stripe';

/** Sets what goes wrong at the local Stripe from here on; what is not named stays. */
export function setChaos({ kernel }: LocalStripe, change: object): void {
  kernel.run(({ store, settings }) => {
    store.put('_settings', { ...settings, chaos: { ...settings.chaos, ...change } });
  });
}

/** Plants a fault beside those that wait for their call already. */
export function addFault({ kernel }: LocalStripe, rule: FailureRule): void {
  kernel.run(({ store, settings }) => {
    const failNext = [...settings.chaos.failNext, rule];
    store.put('_settings', { ...settings, chaos: { ...settings.chaos, failNext } });
  });
}
