import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { replayFolder } from './replay-folder.ts';
import { printReport } from './report.ts';

const recordings = join(import.meta.dirname, '../../../shared/recordings');

test('8.14 recorded answers of real Stripe are answered here too', async () => {
  if (!existsSync(recordings)) {
    process.stdout.write(`No recordings beside the checkout (${recordings}): none replayed.\n`);
    return;
  }
  const report = await replayFolder(recordings);
  expect(report.isEnough, printReport(report)).toBe(true);
});
