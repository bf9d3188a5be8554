import './operator/env-file.ts';
import { runCommand } from './operator/command.ts';
import { actOnStatement, STATEMENT_FLAGS } from './operator/statement-act.ts';

await runCommand({
  name: 'statement:hold',
  about: 'Keeps a statement from being invoiced, until it is released.',
  examples: [
    ['--statement ID --reason "…" --dry-run', 'says what it is now'],
    ['--statement ID --reason "…"', 'keeps it'],
  ],
  flags: STATEMENT_FLAGS,
  writes: true,
  run: ({ values, dryRun }) => actOnStatement('hold', { values, dryRun }),
});
