import './operator/env-file.ts';
import { runCommand } from './operator/command.ts';
import { actOnStatement, STATEMENT_FLAGS } from './operator/statement-act.ts';

await runCommand({
  name: 'statement:write-off',
  about:
    'Gives a statement up: its invoice is voided, and what it bills is never billed again. One whose payment a bank took back is unpaid no longer.',
  examples: [
    ['--statement ID --reason "…" --dry-run', 'says what it is now'],
    ['--statement ID --reason "…"', 'gives it up'],
  ],
  flags: STATEMENT_FLAGS,
  writes: true,
  run: ({ values, dryRun }) => actOnStatement('write-off', { values, dryRun }),
});
