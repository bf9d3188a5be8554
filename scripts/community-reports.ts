import './operator/env-file.ts';
import { listReportedCharacters } from '../src/db/repositories/character-report.repository.ts';
import { runCommand } from './operator/command.ts';
import { withUsage } from './operator/usage.ts';

const LISTED_MAX = 100;

await runCommand({
  name: 'community:reports',
  about: 'Lists what readers reported in the community, worst first.',
  examples: [['', 'each with what was said of it']],
  async run() {
    const reported = await withUsage(({ database }) =>
      listReportedCharacters(database.db, LISTED_MAX),
    );
    const lines = reported.flatMap(({ character, reports, reasons }) => {
      const state = character.hiddenAt ? 'hidden' : character.shared ? 'shared' : 'not shared';
      return [
        `${character.id}  ${reports} reports, ${state}, tenant ${character.tenantId}`,
        `  ${character.name}: ${character.description}`,
        ...reasons.slice(0, 5).map((reason) => `  - ${reason}`),
      ];
    });
    const last =
      reported.length > 0
        ? 'Hide one: npm run community:hide -- --character ID'
        : 'Nothing was reported.';
    return { lines: [...lines, last], data: { reported } };
  },
});
