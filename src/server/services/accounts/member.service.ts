import type { Db } from '../../../db/client.ts';
import { listMembers } from '../../../db/repositories/accounts/user.repository.ts';
import type { TenantId } from '../../../domain/ids.ts';

/** Who is in a tenant. */
export class MemberService {
  readonly #db: Db;

  constructor({ db }: { db: Db }) {
    this.#db = db;
  }

  /** By the names that they go by. */
  list(tenantId: TenantId): Promise<{ id: string; name: string }[]> {
    return listMembers(this.#db, tenantId);
  }
}
