import { findTenant } from '../../../../db/repositories/accounts/tenant.repository.ts';
import { findTenantByCustomer } from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import { isUuid } from '../../../../domain/ids.ts';
import { readCsv } from '../../operations/read-csv.ts';
import { APP_MARK, isOfOther } from '../../stripe/customers.ts';
import type { SyncDeps } from '../sync/sync-deps.ts';

/** A customer that another program made at Stripe, and the tenant here whose it shall be. */
export interface ImportRow {
  /** Which of the file, from 1. */
  row: number;
  customerId: string;
  tenantId: string;
}

export type ImportOutcome = ImportRow & { problem: string | null };

/** Reads `cus_…,tenant id` a line; a first line with names, and empty ones, are left out. */
export function parseImport(csv: string): ImportRow[] {
  return readCsv(csv)
    .map((cells, n) => {
      const [customerId = '', tenantId = ''] = cells.map((cell) => cell.trim());
      return { row: n + 1, customerId, tenantId };
    })
    .filter(({ customerId }) => customerId !== '' && !/^customer/i.test(customerId));
}

/** Why rows of one file cannot all be: a customer is one tenant's, and a tenant has one customer. */
export class ImportedBefore {
  readonly #taken = new Map<string, ImportRow>();

  /** Notes a row that can be; of one that another row is against, a sentence. */
  problemOf(row: ImportRow): string | null {
    for (const id of [row.customerId, row.tenantId]) {
      const before = this.#taken.get(id);
      if (before && (before.customerId !== row.customerId || before.tenantId !== row.tenantId)) {
        return `Row ${before.row} gives ${id} away already.`;
      }
    }
    this.#taken.set(row.customerId, row).set(row.tenantId, row);
    return null;
  }
}

/** Why a row cannot be imported, in a sentence; `null` when it can, or is already. */
export async function problemOf(
  { db, stripe }: Pick<SyncDeps, 'db' | 'stripe'>,
  { customerId, tenantId }: ImportRow,
): Promise<string | null> {
  if (!/^cus_\w+$/.test(customerId)) return 'The first column must be a customer (cus_…).';
  if (!isUuid(tenantId)) return 'The second column must be the id of a tenant.';
  const tenant = await findTenant(db, tenantId);
  if (!tenant) return 'There is no such tenant.';
  if (tenant.stripeCustomerId !== null && tenant.stripeCustomerId !== customerId) {
    return `The tenant has the customer ${tenant.stripeCustomerId} already.`;
  }
  const owner = await findTenantByCustomer(db, customerId);
  if (owner && owner.id !== tenantId) return `The customer belongs to the tenant ${owner.id}.`;
  const customer = await stripe.findCustomer(customerId);
  if (!customer || customer.deleted) return 'Stripe has no such customer.';
  if (isOfOther(customer.metadata, stripe.environment)) return 'It is of another environment.';
  const { app, tenantId: marked } = customer.metadata;
  if (app === APP_MARK && marked !== undefined && marked !== tenantId) {
    return `At Stripe it is marked for the tenant ${marked}.`;
  }
  return null;
}
