import { userInfo } from 'node:os';
import './operator/env-file.ts';
import { findCharacter } from '../src/db/repositories/character-report.repository.ts';
import { setHidden } from '../src/server/services/chat/hide-character.ts';
import { OperatorLog } from '../src/server/services/operators/log.ts';
import { actorOf, atCommandLine } from '../src/server/services/operators/operator-identity.ts';
import { carryOut, REASON_FLAG } from './operator/carry-out.ts';
import { runCommand } from './operator/command.ts';
import { typedId } from './operator/typed.ts';
import { usageActs } from './operator/usage-act.ts';
import { withUsage } from './operator/usage.ts';

await runCommand({
  name: 'community:hide',
  about: 'Hides a shared character from everybody but the team that made it.',
  examples: [
    ['--character ID', 'takes it out of the community'],
    ['--character ID --undo', 'lets it back in'],
  ],
  flags: {
    character: {
      type: 'string',
      value: 'ID',
      about: 'its id, as community:reports lists it',
      required: true,
    },
    reason: { ...REASON_FLAG, about: 'stays in the audit log; else "by command"' },
    by: { type: 'string', value: 'NAME', about: 'who does it; else this machine’s user' },
    undo: { type: 'boolean', about: 'lets it back in' },
  },
  writes: true,
  run({ values, dryRun }) {
    const { undo } = values;
    const characterId = typedId('character', values.character);
    const { reason = 'by command', by = userInfo().username } = values;
    return withUsage(async (operator) => {
      const { clock, database } = operator;
      const { db } = database;
      const character = await findCharacter(db, characterId);
      if (!character) {
        throw new Error(
          `There is no character ${characterId}; npm run community:reports lists some.`,
        );
      }
      const verb = undo ? 'show' : 'hide';
      if (character.tenantId !== null) {
        const wish = { act: 'hide_character', characterId, verb } as const;
        const given = { values: { reason, by }, dryRun };
        return carryOut(usageActs(operator), given, wish, character.tenantId);
      }
      // A starter is nobody's, so that no team has it on its screen.
      const who = atCommandLine(by, reason);
      const name = dryRun ? 'hide_character.previewed' : 'hide_character';
      const log = new OperatorLog({ db, clock });
      await log.carryOut(who, { name, reason, subjectId: characterId }, async () => {
        const actor = actorOf(who);
        if (!dryRun)
          await setHidden({ db, clock }, { characterId, isHidden: !undo, actor, reason });
      });
      const [would, did] = undo ? ['found again', 'It can be'] : ['hidden', 'It is'];
      return {
        lines: [dryRun ? `It would be ${would}.` : `${did} ${would}.`],
        data: { characterId, verb, done: !dryRun },
      };
    });
  },
});
