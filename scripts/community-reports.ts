import './operator/env-file.ts';
import { listReportedCharacters } from '../src/db/repositories/character-report.repository.ts';
import { runCommand } from './operator/command.ts';
import { withUsage } from './operator/usage.ts';

/** Words of readers shown of one character; `--json` has all. */
const REASONS_SHOWN = 5;

await runCommand({
  name: 'community:reports',
  about: 'Lists what readers reported in the community, worst first.',
  examples: [['', 'each with what was said of it']],
  async run() {
    const reported = await withUsage(({ database }) => listReportedCharacters(database.db));
    const lines = reported.flatMap(({ character, reports, reasons }) => {
      const state = character.hiddenAt ? 'hidden' : character.shared ? 'shared' : 'not shared';
      return [
        `${character.id}  ${reports} reports, ${state}, tenant ${character.tenantId}`,
        `  ${character.name}: ${character.description}`,
        ...reasons.slice(0, REASONS_SHOWN).map((reason) => `  - ${reason}`),
        ...(reasons.length > REASONS_SHOWN
          ? [`  … and ${reasons.length - REASONS_SHOWN} more; --json has all.`]
          : []),
      ];
    });
    const last =
      reported.length > 0
        ? 'Hide one: npm run community:hide -- --character ID'
        : 'Nothing was reported.';
    return { lines: [...lines, last], data: { reported } };
  },
});
