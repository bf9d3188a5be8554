import { runState } from './state-run.ts';
import { casesFor, type Order, type Report } from './messages.ts';
import { Worlds } from './worlds.ts';

/** One lane of a run: takes states one after another from its parent, and tells what it found. */
const send = (report: Report) => process.send?.(report);
let worlds: Worlds | undefined;

async function run(order: Extract<Order, { do: 'run' }>): Promise<void> {
  worlds ??= new Worlds(order.postgres);
  const { state, verbs } = order;
  try {
    await runState({
      worlds,
      state,
      verbs,
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
  else void (worlds?.close() ?? Promise.resolve()).then(() => process.exit(0));
});
// The parent is gone: so are the worlds.
process.on('disconnect', () => process.exit(0));
