import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { examine } from '../../scripts/operator/examine.ts';
import { readEnv } from '../../src/server/config/env.ts';
import type { FaultName } from '../../src/server/services/operations/doctor/faults.ts';
import { healthyInstallation, type Installation } from '../support/healthy-installation.ts';
import { runOperatorCommand } from '../support/operator-command.ts';
import { plantSumDifference, plantStatementDifference } from '../support/planted-differences.ts';
import { startModels } from '../support/refusing-servers.ts';

let installation: Installation;
beforeAll(async () => void (installation = await healthyInstallation()));
afterAll(() => installation?.close());

const mended: (() => unknown)[] = [];
afterEach(async () => {
  for (const mend of mended.splice(0).reverse()) await mend();
});

const noteDifferences = () =>
  installation.database.pool.query(
    `insert into settings (key, value, updated_at)
     values ('usage_verification', '{"differences": 2, "at": ""}', now())
     on conflict (key) do update set value = excluded.value`,
  );

const faults = async () =>
  (await examine(readEnv(installation.env))).flatMap((one) => one.fault ?? []);

test.each<[FaultName, plant: () => Promise<unknown>]>([
  ['business_differs', () => plantSumDifference(installation.database, mended)],
  ['statements_differ', () => plantStatementDifference(installation.database, mended)],
  ['ledger_differs', noteDifferences],
])('14.5 what is advised about %s closes it', { timeout: 60_000 }, async (name, plant) => {
  await plant();
  const found = await faults();
  expect(found.map((one) => one.name)).toEqual([name]);
  const [, command, words] = [...found[0]!.mend.matchAll(/`npm run ([\w:]+)(?: -- ([^`]+))?`/g)].at(
    -1,
  )!;
  const typed = words?.split(' ') ?? [];
  const { code, complained } = await runOperatorCommand(command!, typed, installation.env);
  expect([code, complained]).toEqual([0, '']);
  expect(await faults()).toEqual([]);
});

test('14.5 what cannot be known for certain is told, and nothing fails for it', async () => {
  const model = await startModels(200, { data: [{ id: 'small' }] });
  mended.push(() => model.close());
  const { code, said } = await runOperatorCommand('doctor', [], {
    ...installation.env,
    ...{ LLM_BASE_URL: `http://127.0.0.1:${model.port}/v1`, LLM_MODEL: 'large', MAIL_FROM: '' },
  });
  expect([code, said]).toEqual([0, expect.stringContaining('All is well. 2 to look at.')]);
  // Of what no program can see a person is told.
  expect(said).toMatch(/^· Retries of invoices for overage: .*Settings → Billing → Invoices/m);
  expect(said).toMatch(/^\? Language model: .*, and not large\. \[llm_model_unknown\]$/m);
});
