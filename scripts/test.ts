import { ensureClientBuilt } from './start/client-build.ts';
import { conclude, vitest, type Counts } from './testing/run.ts';

/**
 * The suite, without the files that `npm run test:long` keeps: the browser in one lane, the other tests in the
 * other, so that both cores have work. Ends with the runner's own counts.
 */
const tests = (project: string) =>
  vitest(project, ['--project', project], { SUITE_WITHOUT_LONG: '1' });

/** Once, before either lane needs the pages: two builds at once spoil each other's. */
const built = ensureClientBuilt((line) => console.log(line));

async function runOthers(): Promise<Counts[]> {
  const unit = await tests('unit');
  await built;
  return [unit, await tests('integration')];
}

async function runPages(): Promise<Counts[]> {
  await built;
  return [await tests('browser'), await tests('contract')];
}

const counts = (await Promise.all([runPages(), runOthers()])).flat();
const { passed, failed } = conclude(counts);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
