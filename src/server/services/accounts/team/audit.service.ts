import type { AuditEntryView, AuditPage } from '../../../../domain/api.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { Db } from '../../../../db/client.ts';
import {
  listAuditEntries,
  type NamedAuditEntry,
} from '../../../../db/repositories/operations/audit-log.repository.ts';
import type { Requester } from '../../billing/requester.ts';
import { csvLine } from '../../operations/csv.ts';
import type { MembershipCache } from '../membership-cache.ts';

/** Entries that a file is written of at a time. */
const AT_ONCE = 500;

/** What was done in a team with its money and people: for its owners. */
export class AuditService {
  readonly #db: Db;
  readonly #memberships: MembershipCache;

  constructor(deps: { db: Db; memberships: MembershipCache }) {
    this.#db = deps.db;
    this.#memberships = deps.memberships;
  }

  /** A page, the newest first. 403 `team_role_required`, 400 for a cursor that is none. */
  async read(
    requester: Requester,
    { cursor, limit }: { cursor?: string | undefined; limit: number },
  ): Promise<AuditPage> {
    await this.#assertOwner(requester);
    const after = cursor === undefined ? undefined : readCursor(cursor);
    const rows = await listAuditEntries(this.#db, requester.tenantId, { after, limit: limit + 1 });
    const page = rows.slice(0, limit);
    return {
      entries: page.map(describe),
      nextCursor: rows.length > limit ? String(page.at(-1)!.id) : null,
    };
  }

  /** All of it as CSV with a header, read as it is sent. 403 `team_role_required`. */
  async exportCsv(requester: Requester): Promise<AsyncGenerator<string>> {
    await this.#assertOwner(requester);
    return this.#lines(requester.tenantId);
  }

  async *#lines(tenantId: string): AsyncGenerator<string> {
    yield 'at,actor_kind,actor,action,subject,before,after,cause,request_id\n';
    for (let after: number | undefined; ;) {
      const rows = await listAuditEntries(this.#db, tenantId, { after, limit: AT_ONCE });
      for (const row of rows) yield line(row);
      if (rows.length < AT_ONCE) return;
      after = rows.at(-1)!.id;
    }
  }

  async #assertOwner(requester: Requester): Promise<void> {
    const { role } = await this.#memberships.getNow(requester);
    if (role === 'owner') return;
    throw new BillingError(
      'team_role_required',
      'Only owners of the team see what was done in it; ask one of them.',
      { data: { role } },
    );
  }
}

function describe(row: NamedAuditEntry): AuditEntryView {
  return {
    id: String(row.id),
    at: row.createdAt.toISOString(),
    actor: { kind: row.actorKind, name: row.actorName ?? row.actorId },
    action: row.action,
    subject: row.subjectName ?? row.subjectId,
    before: row.before,
    after: row.after,
    cause: row.cause,
  };
}

function line(row: NamedAuditEntry): string {
  const { at, actor, action, subject, before, after, cause } = describe(row);
  const json = (value: unknown) => (value === null ? null : JSON.stringify(value));
  const cells = [at, actor.kind, actor.name, action, subject, json(before), json(after), cause];
  return csvLine([...cells, row.requestId]);
}

function readCursor(cursor: string): number {
  if (/^[1-9]\d{0,15}$/.test(cursor)) return Number(cursor);
  throw new BillingError('invalid_request', 'The cursor is none of ours; begin without one.');
}
