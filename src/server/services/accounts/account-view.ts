import type { MeView } from '../../../domain/api.ts';
import type { Account } from '../../../db/repositories/accounts/user.repository.ts';

/** An address as it is kept and compared. */
export function normalizeEmail(email: string): string {
  return email.trim().toLowerCase();
}

/** What a person is told of themselves and their tenant. */
export function describe({ user, tenant }: Account): MeView {
  return {
    user: {
      id: user.id,
      email: user.email,
      displayName: user.displayName,
      role: user.role,
      tenantId: user.tenantId,
      emailVerified: user.emailVerifiedAt !== null,
    },
    tenant: { id: tenant.id, name: tenant.name, plan: tenant.plan },
  };
}
