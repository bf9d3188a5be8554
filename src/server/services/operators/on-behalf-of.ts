import type { TenantId } from '../../../domain/ids.ts';
import type { Requester } from '../billing/requester.ts';
import type { OperatorIdentity } from './operator-identity.ts';

/** Acts for a team with its owner's rights; what is written of it names the operator. */
export function onBehalfOf(operator: OperatorIdentity, tenantId: string): Requester {
  const { userId, email, requestId } = operator;
  return { tenantId: tenantId as TenantId, userId, role: 'owner', operator: email, requestId };
}
