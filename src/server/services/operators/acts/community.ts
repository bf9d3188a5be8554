import type { Db } from '../../../../db/client.ts';
import { findCharacter } from '../../../../db/repositories/character-report.repository.ts';
import { refusing } from '../../../../domain/accounts/operator-act.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { setHidden } from '../../chat/hide-character.ts';
import { actorOf } from '../operator-identity.ts';
import { fact, actResult, type Act } from './act.ts';

export interface CommunityDeps {
  db: Db;
  clock: Clock;
}

/** Hides a character of the tenant's from everybody else, or lets it back in. 404 `not_found`. */
export const hideCharacter: Act<
  CommunityDeps,
  { characterId: string; verb: 'hide' | 'show' }
> = async (deps, { operator, tenantId, reason, dryRun }, { characterId, verb }) => {
  const character = await findCharacter(deps.db, characterId);
  if (character?.tenantId !== tenantId) {
    throw new BillingError(
      'not_found',
      'This team has made no such character.',
      refusing('no_such_character'),
    );
  }
  const facts = [
    fact.text('character', character.name),
    fact.word('state', verb === 'hide' ? 'hidden' : 'shown'),
  ];
  if (dryRun) return actResult(false, ...facts);
  const actor = actorOf(operator);
  await setHidden(deps, { characterId, isHidden: verb === 'hide', actor, reason });
  return actResult(true, ...facts);
};
