import { parseArgs } from 'node:util';
import './operator/env-file.ts';
import { setCharacterHidden } from '../src/db/repositories/character.repository.ts';
import { runCommand } from './operator/command.ts';
import { withUsage } from './operator/usage.ts';

const USAGE =
  'npm run community:hide -- --character ID   takes it out of the community; its makers keep it\n' +
  '  --undo   lets it back in';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** `community:hide`: hides a shared character from everybody but the team that made it. */
await runCommand(USAGE, async () => {
  const { values } = parseArgs({
    options: { character: { type: 'string' }, undo: { type: 'boolean', default: false } },
  });
  const { character, undo } = values;
  if (!character || !UUID.test(character)) {
    console.error(`Name the character by its id.\n${USAGE}`);
    return false;
  }
  const found = await withUsage(({ database }) =>
    setCharacterHidden(database.db, character, undo ? null : new Date()),
  );
  if (!found) {
    console.error(`There is no character ${character}; npm run community:reports lists some.`);
    return false;
  }
  console.log(undo ? 'It can be found again.' : 'Hidden: nobody but its makers finds it.');
  return true;
});
