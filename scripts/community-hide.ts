import { userInfo } from 'node:os';
import './operator/env-file.ts';
import { findCharacter } from '../src/db/repositories/character-report.repository.ts';
import { isUuid } from '../src/domain/ids.ts';
import { setHidden } from '../src/server/services/chat/hide-character.ts';
import { Mistyped, runCommand } from './operator/command.ts';
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
    reason: { type: 'string', value: 'TEXT', about: 'stays in the audit log; else "by command"' },
    by: { type: 'string', value: 'NAME', about: 'who does it; else this machine’s user' },
    undo: { type: 'boolean', about: 'lets it back in' },
  },
  writes: true,
  async run({ values, dryRun }) {
    const {
      character: characterId,
      undo,
      reason = 'by command',
      by = userInfo().username,
    } = values;
    if (!isUuid(characterId)) throw new Mistyped('Name the character by its id.');
    const data = { character: characterId, hidden: !undo };
    return withUsage(async ({ database: { db }, clock }) => {
      if (!(await findCharacter(db, characterId))) {
        return {
          lines: [`There is no character ${characterId}; npm run community:reports lists some.`],
          data: { ...data, found: false },
          needsPerson: true,
        };
      }
      const found = { ...data, found: true };
      if (dryRun) {
        return { lines: [undo ? 'It would be found again.' : 'It would be hidden.'], data: found };
      }
      const actor = { kind: 'service', name: by } as const;
      await setHidden({ db, clock }, { characterId, isHidden: !undo, actor, reason });
      const done = undo ? 'It can be found again.' : 'Hidden: nobody but its makers finds it.';
      return { lines: [done], data: found };
    });
  },
});
