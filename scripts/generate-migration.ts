import { spawnSync } from 'node:child_process';

const USAGE =
  'Give the migration a name that says what it does: npm run db:generate -- --name add_tenant_region';

/** `db:generate`: drizzle-kit, but never with one of its random names. */
const args = process.argv.slice(2);
const name = args[args.indexOf('--name') + 1];
if (!args.includes('--name') || name === undefined || !/^[a-z][a-z0-9_]+$/.test(name)) {
  console.error(USAGE);
  process.exit(1);
}
const done = spawnSync('drizzle-kit', ['generate', ...args], { stdio: 'inherit' });
process.exitCode = done.status ?? 1;
if (done.status === 0) {
  console.log(
    'Next, when its SQL is as it shall be: npm run db:dump, so that src/db/schema.sql and',
  );
  console.log('the list of hashes follow. From then on it is not edited any more.');
}
