import type { Db } from '../../../db/client.ts';
import {
  findAccountByEmail,
  type Account,
} from '../../../db/repositories/accounts/user.repository.ts';
import { findTenantById } from '../../../db/repositories/billing/tenant-billing.repository.ts';
import { findMail } from '../../../db/repositories/mail-outbox.repository.ts';
import type { Mail, Tenant } from '../../../db/schema/index.ts';
import { refusing } from '../../../domain/accounts/operator-act.ts';
import { BillingError } from '../../../domain/errors.ts';
import { isUuid } from '../../../domain/ids.ts';

/** A tenant, deleted or not. 404 `tenant_not_found`. */
export async function getAnyTenant(db: Db, tenantId: string): Promise<Tenant> {
  const tenant = isUuid(tenantId) ? await findTenantById(db, tenantId) : undefined;
  if (tenant) return tenant;
  throw new BillingError('tenant_not_found', `There is no tenant ${tenantId}.`);
}

/** A mail that was written to the tenant. 404 `not_found`. */
export async function getMailTo(db: Db, tenantId: string, mailId: string): Promise<Mail> {
  const mail = isUuid(mailId) ? await findMail(db, mailId) : undefined;
  if (mail?.tenantId === tenantId) return mail;
  throw new BillingError(
    'not_found',
    'No such mail was written to this team.',
    refusing('no_such_mail'),
  );
}

/** Who has registered with an address. 404 `not_found` for nobody. */
export async function getAccount(db: Db, email: string): Promise<Account> {
  const account = await findAccountByEmail(db, email.toLowerCase());
  if (account) return account;
  throw new BillingError('not_found', `Nobody has registered with ${email}.`);
}
