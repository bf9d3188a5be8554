import type { Db, DbOrTx } from '../../../db/client.ts';
import type { PackDraft } from '../../../db/catalogue/plans-file.ts';
import {
  insertPack,
  listPackVersions,
  lockPacks,
} from '../../../db/repositories/billing/credit-pack.repository.ts';
import type { Clock } from '../../../domain/clock.ts';
import { packContents, type PackDefinition } from '../../../domain/billing/pack.ts';

/** What publishing one pack means. */
export interface PackPublication {
  id: string;
  version: number;
  /** What it is made of, or that it is not sold any more. */
  change: string;
}

/** What `drafts` would change; changes nothing. `undefined`: nothing is said of packs. */
export async function foreseePacks(
  db: Db,
  drafts: readonly PackDraft[] | undefined,
): Promise<PackPublication[]> {
  return (await listDue(db, drafts)).map(publicationOf);
}

/**
 * Publishes what differs as new versions, and one that sells it no more of each pack that is not among
 * them. A new version is sold by a new price: `npm run stripe:setup` makes it.
 */
export async function publishPacks(
  { db, clock }: { db: Db; clock: Clock },
  drafts: readonly PackDraft[] | undefined,
): Promise<PackPublication[]> {
  return db.transaction(async (tx) => {
    await lockPacks(tx);
    const due = await listDue(tx, drafts);
    for (const pack of due) await insertPack(tx, pack, clock.now());
    return due.map(publicationOf);
  });
}

async function listDue(
  db: DbOrTx,
  drafts: readonly PackDraft[] | undefined,
): Promise<PackDefinition[]> {
  if (!drafts) return [];
  const newest = new Map((await listPackVersions(db)).map((pack) => [pack.id, pack]));
  const changed = drafts.flatMap((draft) => {
    const before = newest.get(draft.id);
    if (before?.active && packContents(before) === packContents(draft)) return [];
    return { ...draft, version: (before?.version ?? 0) + 1, active: true };
  });
  const ended = [...newest.values()]
    .filter(({ id, active }) => active && !drafts.some((draft) => draft.id === id))
    .map((pack) => ({ ...pack, version: pack.version + 1, active: false }));
  return [...changed, ...ended];
}

function publicationOf(pack: PackDefinition): PackPublication {
  const change = pack.active ? packContents(pack) : 'is not sold any more';
  return { id: pack.id, version: pack.version, change };
}
