import { startLocalStripe } from './index.ts';

const defaultPort = 12_111;

function readPort(text: string | undefined): number {
  if (text === undefined || text === '') return defaultPort;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new Error(`LOCAL_STRIPE_PORT is ${text}: it must be a port number from 0 to 65535.`);
}

// What a stranger could read here are customers, if invented ones.
process.umask(0o077);

try {
  const dataDir = process.env.DATA_DIR ?? './.data';
  const local = await startLocalStripe({
    port: readPort(process.env.LOCAL_STRIPE_PORT),
    dataDir,
    log: (message) => console.error(message),
  });
  console.log(`Local Stripe:  ${local.url}/v1`);
  console.log(`Control panel: ${local.url}/_control`);
  console.log(`State:         ${dataDir}/local-stripe.ndjson`);
  const stop = () => void local.close().then(() => process.exit(0));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
