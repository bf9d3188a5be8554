import './operator/env-file.ts';
import { SetUpError } from '../src/domain/errors.ts';
import { decideConfig } from '../src/server/config/config.ts';
import { ConfigError, readEnv } from '../src/server/config/env.ts';
import { keepStatePrivate } from '../src/server/config/private-state.ts';
import { errorText } from '../src/server/log/error-text.ts';
import { createLog } from '../src/server/log.ts';
import { readUnreached } from './operator/unreached.ts';
import { ensureClientBuilt } from './start/client-build.ts';
import { startProduct, type Product } from './start/product.ts';
import { DEMO_OWNER, DEMO_PASSWORD, seedDemo } from './start/seed.ts';
import { hearStopRequests, isStopWished, type StopRequest } from './start/stop-request.ts';

/** To people, on stderr: stdout is the log's. */
const say = (line: string) => console.error(line);

const wish = hearStopRequests(say);
try {
  await run(wish);
  process.exit(0);
} catch (error) {
  // Who stops a start is not told that it did not come to its end.
  if (await isStopWished(wish.signal)) process.exit(0);
  say(explain(error));
  process.exit(1);
}

/** Starts everything and stops it all again, whenever that is asked for. */
async function run({ signal, again }: StopRequest): Promise<void> {
  const config = decideConfig(readEnv());
  const log = createLog(config.logLevel, process.stdout.isTTY === true && !config.production);
  await ensureClientBuilt(say, signal);
  keepStatePrivate(config.dataDir);
  const product = await startProduct(config, log, signal);
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    // A stop waits for what of it is under way, as it does for requests.
    await Promise.race([product.server.context.drain.during(seed(product)), stopped]);
    if (!signal.aborted) welcome(product);
    await stopped;
  } finally {
    again.addEventListener('abort', () => product.server.hurry());
    await product.stop({ pause: wish.pause });
  }
}

/** A demo beside the local Stripe; never in a real account. */
async function seed({ server, localStripe }: Product): Promise<void> {
  if (localStripe) await seedDemo({ context: server.context, stripeUrl: localStripe.url, say });
}

function welcome({ server, localStripe, usageIngestToken }: Product): void {
  const besideLocalStripe = localStripe
    ? [
        `  Local Stripe   ${localStripe.url}/_control`,
        `  Mails          ${server.url}/__dev/mail`,
        `  Ingest token   ${usageIngestToken}`,
        `  Sign in        ${DEMO_OWNER} / ${DEMO_PASSWORD}`,
        `                 and pro@, yearly@, team@, trial@, pastdue@, canceling@, downgrading@,`,
        `                 canceled@, member@example.com: the same password`,
      ]
    : [];
  const lines = [
    `\nSmall Squaretable is ready.\n`,
    `  App            ${server.url}`,
    `  API reference  ${server.url}/api/docs`,
    ...besideLocalStripe,
    `\nCtrl-C stops everything.\n`,
  ];
  say(lines.join('\n'));
}

/** One sentence for what can be put right, the whole story for what cannot. */
function explain(error: unknown): string {
  if (error instanceof ConfigError || error instanceof SetUpError) return error.message;
  const { code, port, address } = error as { code?: string; port?: number; address?: string };
  if (code === 'EADDRINUSE') {
    return `Port ${port ?? ''} is taken: stop what listens there, or choose another with PORT (app) or LOCAL_STRIPE_PORT.`;
  }
  if (code === 'EADDRNOTAVAIL') {
    return `HOST (${address}) is no address of this machine: correct it, or leave it out.`;
  }
  if (code === 'EACCES')
    return `This user may not listen on port ${port}: choose one above 1024 with PORT.`;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return 'There is no room left where DATA_DIR lies: make some, or choose another folder with DATA_DIR.';
  }
  return readUnreached(error)?.sentence ?? errorText(error);
}
