import './operator/env-file.ts';
import {
  hasCharacter,
  setCharacterHidden,
} from '../src/db/repositories/character-report.repository.ts';
import { isUuid } from '../src/domain/ids.ts';
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
    undo: { type: 'boolean', about: 'lets it back in' },
  },
  writes: true,
  async run({ values: { character, undo }, dryRun }) {
    if (!isUuid(character)) throw new Mistyped('Name the character by its id.');
    const found = await withUsage(({ database: { db } }) =>
      dryRun
        ? hasCharacter(db, character)
        : setCharacterHidden(db, character, undo ? null : new Date()),
    );
    const data = { character, hidden: !undo, found };
    if (!found) {
      return {
        lines: [`There is no character ${character}; npm run community:reports lists some.`],
        data,
        needsPerson: true,
      };
    }
    if (dryRun) return { lines: [undo ? 'It would be found again.' : 'It would be hidden.'], data };
    return {
      lines: [undo ? 'It can be found again.' : 'Hidden: nobody but its makers finds it.'],
      data,
    };
  },
});
