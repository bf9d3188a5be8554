import type { Db } from '../../../db/client.ts';
import { setCharacterHidden } from '../../../db/repositories/character-report.repository.ts';
import { insertAuditEntry } from '../../../db/repositories/operations/audit-log.repository.ts';
import type { Clock } from '../../../domain/clock.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { Actor } from '../../../domain/ids.ts';

/**
 * Takes a character out of the community, where its makers alone keep it, or lets it back in. The team
 * that made it finds that in its log. 404 `not_found`.
 */
export async function setHidden(
  { db, clock }: { db: Db; clock: Clock },
  wish: { characterId: string; isHidden: boolean; actor: Actor; reason: string },
): Promise<void> {
  const { characterId, isHidden, actor, reason } = wish;
  const now = clock.now();
  await db.transaction(async (tx) => {
    const character = await setCharacterHidden(tx, characterId, isHidden ? now : null);
    if (!character) throw new BillingError('not_found', `There is no character ${characterId}.`);
    // A starter is nobody's.
    if (character.tenantId === null) return;
    await insertAuditEntry(tx, {
      ...{ tenantId: character.tenantId, actor, subjectId: characterId, cause: reason, now },
      action: isHidden ? 'character.hidden' : 'character.shown',
      after: { name: character.name },
    });
  });
}
