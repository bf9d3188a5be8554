import './operator/env-file.ts';
import { revokeOperator } from '../src/server/services/operators/grants.ts';
import { runCommand } from './operator/command.ts';
import { changeOperator, OPERATOR_FLAGS } from './operator/operators.ts';

await runCommand({
  name: 'operator:revoke',
  about: 'Takes the operator’s page from somebody, and ends their sessions of it at once.',
  examples: [
    ['', 'lists the operators'],
    ['mei@example.com --reason "left"', 'keeps her out from now on'],
  ],
  flags: OPERATOR_FLAGS,
  words: { name: 'the e-mail address of their account', max: 1 },
  writes: true,
  run: ({ values, words, dryRun }) =>
    changeOperator(words[0], { values, dryRun }, revokeOperator, {
      ...{ would: 'would be no operator', done: 'is no operator now', before: 'was none' },
    }),
});
