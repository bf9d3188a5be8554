import { parseArgs } from 'node:util';
import { startLocalStripe } from './index.ts';

const usage = `local-stripe: a Stripe to develop and test against, with a clock that can be turned

  --port N         where it listens on 127.0.0.1; 0 takes a free port (LOCAL_STRIPE_PORT, 12111)
  --data-dir DIR   where its state is kept between runs (DATA_DIR, ./.data)
  --help           this`;

function readPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new Error(`LOCAL_STRIPE_PORT is ${text}: it must be a port number from 0 to 65535.`);
}

function readOptions(): { port: number; dataDir: string; help: boolean } {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      'data-dir': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return {
    port: readPort(values.port || process.env.LOCAL_STRIPE_PORT || '12111'),
    dataDir: values['data-dir'] ?? process.env.DATA_DIR ?? './.data',
    help: values.help,
  };
}

async function run(port: number, dataDir: string): Promise<void> {
  const local = await startLocalStripe({
    port,
    dataDir,
    log: (message) => console.error(message),
  });
  console.log(`Local Stripe:  ${local.url}/v1`);
  console.log(`Control panel: ${local.url}/_control`);
  console.log(`State:         ${dataDir}/local-stripe.ndjson`);
  const stop = () => void local.close().then(() => process.exit(0));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

// What a stranger could read in the state are customers, if invented ones.
process.umask(0o077);

try {
  const { port, dataDir, help } = readOptions();
  if (help) console.log(usage);
  else await run(port, dataDir);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
