/**
 * Due work that failed. Whatever Stripe itself would refuse is the work's own affair, so this is a
 * fault of the local Stripe: the work is dropped, time goes on, and whoever turned the clock is told.
 */
export class DueWorkFault extends Error {
  constructor(faults: readonly string[]) {
    const [first = '', ...rest] = faults;
    const more = rest.length === 0 ? '' : ` (and ${rest.length} more)`;
    super(`The local Stripe has a bug: due work failed and was dropped: ${first}${more}`);
    this.name = 'DueWorkFault';
  }
}
