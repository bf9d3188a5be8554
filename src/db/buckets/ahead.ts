import type pg from 'pg';
import { buildIndex } from './build-index.ts';

/**
 * Indexes of large tables that a migration needs. They are built before it, while the version before serves:
 * inside a migration's transaction everybody would wait for as long as that takes.
 */
const AHEAD = [
  {
    with: 56,
    table: 'usage_idempotency',
    name: 'usage_idempotency_key_tenant_id_pk',
    columns: 'key, tenant_id',
    unique: true,
  },
];

/** Builds in a bucket what migration `number`, or any, wants built ahead. `client` is in no transaction. */
export async function buildAhead(
  client: pg.ClientBase,
  schema: string,
  number?: number,
): Promise<void> {
  const wanted = AHEAD.filter((one) => number === undefined || one.with === number);
  for (const { with: _number, ...index } of wanted) await buildIndex(client, { schema, ...index });
}
