import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildSchema, installedSdk, printSchema } from './generate/build.ts';

test('the committed schema is what the installed SDK declares', { timeout: 60_000 }, () => {
  const committed = readFileSync(join(import.meta.dirname, 'generated/stripe.schema.json'), 'utf8');
  const generated = printSchema(buildSchema(installedSdk()));
  // Not `toBe`: a diff of 600 KB helps nobody.
  expect(generated === committed, 'run `npm run local-stripe:schema` and commit the result').toBe(
    true,
  );
});
