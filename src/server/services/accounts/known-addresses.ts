import { createHash } from 'node:crypto';
import type { Clock } from '../../../domain/clock.ts';
import { keptSince } from '../../../domain/accounts/retention.ts';
import type { Db, DbOrTx } from '../../../db/client.ts';
import {
  deleteKnownAddresses,
  isKnownAddress,
  upsertKnownAddress,
} from '../../../db/repositories/accounts/known-address.repository.ts';

/** Where people have signed in from: kept as hashes, for half a year after the last time. */
export class KnownAddresses {
  private readonly db: Db;
  private readonly clock: Clock;

  constructor(deps: { db: Db; clock: Clock }) {
    this.db = deps.db;
    this.clock = deps.clock;
  }

  knows(userId: string, address: string): Promise<boolean> {
    return isKnownAddress(this.db, { userId, addressHash: hashAddress(userId, address) });
  }

  remember(db: DbOrTx, userId: string, address: string): Promise<void> {
    const addressHash = hashAddress(userId, address);
    return upsertKnownAddress(db, { userId, addressHash, lastUsedAt: this.clock.now() });
  }

  forgetUnused(): Promise<number> {
    return deleteKnownAddresses(this.db, keptSince('knownAddresses', this.clock.now()));
  }
}

/** Enough to know an address again, and not to read it. */
function hashAddress(userId: string, address: string): string {
  return createHash('sha256').update(`${userId} ${address}`).digest('hex');
}
