import { z } from '@hono/zod-openapi';
import { requireOperator, type OperatorContext } from '../../middleware/operator.ts';
import { REASON } from '../../services/operators/acts/act.ts';
import { plainText } from '../fields.ts';

/** What every route of the operator's page has in common. */
export function operatorRoute(context: OperatorContext) {
  return {
    tags: ['Operators'],
    security: [{ accessToken: [], operatorSession: [] } as Record<string, string[]>],
    middleware: requireOperator(context),
  };
}

/** What every such route may answer besides: 404 for who is no operator. */
export const REFUSED = [
  ...(['unauthenticated', 'token_expired', 'not_found', 'operator_sign_in_required'] as const),
] as const;

/** Why something is done: no act goes without. */
export const reasonField = plainText(REASON.min, REASON.max).openapi({
  description: 'Why. It stays in the audit log.',
  example: 'TICKET-12: charged twice',
});

/** A page of a list. */
export const pageQuery = z.strictObject({
  cursor: z.string().min(1).max(200).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(25),
});
