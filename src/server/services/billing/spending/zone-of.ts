import type { Tx } from '../../../../db/client.ts';
import { knownZone } from '../../../../db/repositories/billing/spending.repository.ts';
import { findBillingContact } from '../../../../db/repositories/billing/tenant-billing.repository.ts';

/** Whose days and months are meant: the owner's; in China everybody has the same. */
export async function zoneOf(tx: Tx, tenantId: string): Promise<string> {
  const contact = await findBillingContact(tx, tenantId);
  const usual = contact?.locale.startsWith('zh') ? 'Asia/Shanghai' : 'UTC';
  return knownZone(tx, contact?.timeZone ?? usual);
}
