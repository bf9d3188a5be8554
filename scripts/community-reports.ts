import './operator/env-file.ts';
import { listReportedCharacters } from '../src/db/repositories/character.repository.ts';
import { runCommand } from './operator/command.ts';
import { withUsage } from './operator/usage.ts';

const USAGE = 'npm run community:reports   what readers reported in the community, worst first';
const LISTED_MAX = 100;

/** `community:reports`: the reported characters with what was said of them. */
await runCommand(USAGE, async () => {
  const reported = await withUsage(({ database }) =>
    listReportedCharacters(database.db, LISTED_MAX),
  );
  if (reported.length === 0) console.log('Nothing was reported.');
  for (const { character, reports, reasons } of reported) {
    const state = character.hiddenAt ? 'hidden' : character.shared ? 'shared' : 'not shared';
    console.log(`${character.id}  ${reports} reports, ${state}, tenant ${character.tenantId}`);
    console.log(`  ${character.name}: ${character.description}`);
    for (const reason of reasons.slice(0, 5)) console.log(`  - ${reason}`);
  }
  if (reported.length > 0) console.log('Hide one: npm run community:hide -- --character ID');
  return true;
});
