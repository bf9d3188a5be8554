import { replayFolder } from './replay-folder.ts';
import { printReport } from './report.ts';

const folder = process.argv[2];
if (folder === undefined) {
  console.error('Name the folder of the recordings: npm run test:stripe-recordings -- <folder>');
  process.exit(2);
}
try {
  const report = await replayFolder(folder);
  console.log(printReport(report));
  process.exitCode = report.isEnough ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
