import './operator/env-file.ts';
import { grantOperator } from '../src/server/services/operators/grants.ts';
import { runCommand } from './operator/command.ts';
import { changeOperator, OPERATOR_FLAGS } from './operator/operators.ts';

await runCommand({
  name: 'operator:grant',
  about:
    'Lets somebody who has an account into the operator’s page, /admin; alone it lists who is.',
  examples: [
    ['', 'lists the operators'],
    ['mei@example.com --reason "on call"', 'lets her in, once she signs in with a second factor'],
  ],
  flags: OPERATOR_FLAGS,
  words: { name: 'the e-mail address of their account', max: 1 },
  writes: true,
  run: ({ values, words, dryRun }) =>
    changeOperator(words[0], { values, dryRun }, grantOperator, {
      ...{ would: 'would be an operator', done: 'is an operator now', before: 'was one before' },
    }),
});
