import { flushCompileCache } from 'node:module';
import { startProduct } from '../../scripts/start/product.ts';
import { decideConfig } from '../../src/server/config/config.ts';
import { readEnv } from '../../src/server/config/env.ts';
import { createLog } from '../../src/server/log.ts';
import { toBillingError } from '../../src/server/middleware/error-handler.ts';
import { atCommandLine } from '../../src/server/services/operators/operator-identity.ts';
import type { Operated, Order } from './app-process.ts';

/**
 * The product in a process of its own, for tests that kill it. Tells its parent when it is ready,
 * and does what that asks: turn the clock, run the periodic tasks, reconcile everybody, act as an operator,
 * stop.
 */
const config = decideConfig(readEnv());
const { server, stop } = await startProduct(config, createLog(config.logLevel, false));

async function obey(order: Order): Promise<Operated | undefined> {
  const { context } = server;
  if (order.do === 'operate') return operate(order);
  if (order.do === 'clock') {
    const to = new Date(order.to);
    // Both clocks tick: what lies a moment back has come already.
    if (to > context.clock.now()) await context.moveClock?.(to);
  } else if (order.do === 'tasks') await server.catchUp();
  else if (order.do === 'stop') await stop();
  else await context.services.reconcile.sweep();
  return undefined;
}

async function operate({ tenantId, input }: Extract<Order, { do: 'operate' }>): Promise<Operated> {
  const reason = 'of the tests';
  const on = { operator: atCommandLine('tests', reason), tenantId, reason, dryRun: false };
  try {
    await server.context.services.operators.acts.carryOut(on, input);
    return { status: 200, said: '' };
  } catch (error) {
    return { status: toBillingError(error).status, said: String(error) };
  }
}

process.on('message', (order: Order & { id: number }) => {
  obey(order).then(
    (operated) => process.send?.({ id: order.id, operated }),
    (error: unknown) => process.send?.({ id: order.id, error: String(error) }),
  );
});
// Nobody is left to kill it.
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
// Who is killed leaves its compiled code to nobody else.
flushCompileCache();
