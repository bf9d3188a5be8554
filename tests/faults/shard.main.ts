import { runState } from './state-run.ts';
import { casesFor, seatsFor, type Order, type Report } from './messages.ts';

/** One lane of a run: takes states one after another from its parent, and tells what it found. */
const send = (report: Report) => process.send?.(report);

async function run(order: Extract<Order, { do: 'run' }>): Promise<void> {
  const { postgres, state, verbs } = order;
  try {
    await runState({
      postgres,
      state,
      verbs,
      seats: seatsFor(order),
      pick: (all) => casesFor(order, all),
      onProgress: (cases, findings) => send({ kind: 'progress', cases, findings }),
    });
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    send({ kind: 'broke', state, text });
  }
  send({ kind: 'done', state });
}

process.on('message', (order: Order) => {
  if (order.do === 'run') void run(order);
  else process.exit(0);
});
// The parent is gone: so are the worlds.
process.on('disconnect', () => process.exit(0));
