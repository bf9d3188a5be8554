import './operator/env-file.ts';
import { runCommand } from './operator/command.ts';
import { actOnStatement, STATEMENT_FLAGS } from './operator/statement-act.ts';

await runCommand({
  name: 'statement:release',
  about:
    'Lets a statement that was held be invoiced, also one whose invoice was not what it bills.',
  examples: [
    ['--statement ID --reason "…" --dry-run', 'says what it is now'],
    ['--statement ID --reason "…"', 'lets it be invoiced'],
  ],
  flags: STATEMENT_FLAGS,
  writes: true,
  run: ({ values, dryRun }) => actOnStatement('release', { values, dryRun }),
});
