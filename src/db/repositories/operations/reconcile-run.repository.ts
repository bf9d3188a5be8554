import { desc, eq, lt, sql } from 'drizzle-orm';
import type { MendedKind, RunTrigger } from '../../../domain/accounts/reconcile-run.ts';
import type { DbOrTx } from '../../client.ts';
import {
  payments,
  reconcileRuns,
  refunds,
  subscriptions,
  tenants,
  type ReconcileRun,
} from '../../schema/index.ts';

/** Notes that a run begins; answers its id. */
export async function beginRun(
  db: DbOrTx,
  values: { trigger: RunTrigger; begunAt: Date },
): Promise<number> {
  const [row] = await db.insert(reconcileRuns).values(values).returning({ id: reconcileRuns.id });
  return row!.id;
}

/** Notes what came of it. */
export async function endRun(
  db: DbOrTx,
  id: number,
  values: Omit<ReconcileRun, 'id' | 'trigger' | 'begunAt'>,
): Promise<void> {
  await db.update(reconcileRuns).set(values).where(eq(reconcileRuns.id, id));
}

/** Forgets runs that began before. */
export async function pruneRuns(db: DbOrTx, before: Date): Promise<void> {
  await db.delete(reconcileRuns).where(lt(reconcileRuns.begunAt, before));
}

/** The newest first, behind the one of id `after`. */
export function listRuns(
  db: DbOrTx,
  { after, limit }: { after: number | undefined; limit: number },
): Promise<ReconcileRun[]> {
  return db
    .select()
    .from(reconcileRuns)
    .where(after === undefined ? undefined : lt(reconcileRuns.id, after))
    .orderBy(desc(reconcileRuns.id))
    .limit(limit);
}

/** What we hold of a customer, a mark a kind: another mark, and it is not what it was. */
export type CustomerFingerprint = { tenantId: string } & Record<MendedKind, string>;

/**
 * The marks of a customer's tenant; `undefined` where it has none. When a row was read, and addresses that
 * Stripe makes anew, do not count.
 */
export async function readCustomerFingerprint(
  db: DbOrTx,
  customerId: string,
): Promise<CustomerFingerprint | undefined> {
  const { rows } = await db.execute<CustomerFingerprint>(sql`
    select ${tenants.id} as "tenantId", ${tenants.plan}::text as plan,
      (select md5(coalesce(string_agg((to_jsonb(s) - array['synced_at', 'updated_at'])::text, '' order by s.id), ''))
        from ${subscriptions} s where s.tenant_id = ${tenants.id}) as subscription,
      (select md5(coalesce(string_agg(
          (to_jsonb(p) - array['synced_at', 'hosted_invoice_url', 'invoice_pdf'])::text, '' order by p.id), ''))
        from ${payments} p where p.tenant_id = ${tenants.id}) as payment,
      (select md5(coalesce(string_agg((to_jsonb(r) - 'synced_at')::text, '' order by r.id), ''))
        from ${refunds} r where r.tenant_id = ${tenants.id}) as refund
    from ${tenants} where ${tenants.stripeCustomerId} = ${customerId}`);
  return rows[0];
}
