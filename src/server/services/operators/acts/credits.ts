import { refusing } from '../../../../domain/accounts/operator-act.ts';
import { MICRO_PER_CREDIT } from '../../../../domain/billing/credits.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { CreditService } from '../../usage/credits/credit.service.ts';
import { actorOf } from '../operator-identity.ts';
import { fact, actResult, type Act } from './act.ts';

export interface CreditDeps {
  credits: Pick<CreditService, 'read' | 'grant' | 'foreseeGrant' | 'revoke' | 'foreseeRevocation'>;
  clock: Clock;
}

const DAY_MS = 86_400_000;
/** Nothing was done, or would be: the ref did it before. */
const repeatOf = ({ ref }: { ref: string }, isRepeated: boolean) =>
  isRepeated ? [fact.text('repeated', ref)] : [];
const microOf = (credits: number) => Math.round(credits * MICRO_PER_CREDIT);

/** Gives credits, once a `ref`. 400 for amounts and times that cannot be, and for a ref of the other kind. */
export const grantCredits: Act<
  CreditDeps,
  { credits: number; days: number; ref: string; isPromotion: boolean }
> = async ({ credits, clock }, { operator, tenantId, reason, dryRun }, wish) => {
  const amountMicro = microOf(wish.credits);
  const expiresAt = new Date(clock.now().getTime() + wish.days * DAY_MS);
  const [origin, other] = wish.isPromotion
    ? (['promotion', 'goodwill'] as const)
    : (['goodwill', 'promotion'] as const);
  const request = {
    ...{ tenantId, amountMicro, expiresAt, reason, actor: actorOf(operator) },
    ...{ originRef: wish.ref, origin },
  };
  if (await credits.foreseeGrant({ ...request, origin: other })) {
    throw new BillingError(
      'invalid_request',
      `The ref "${wish.ref}" was used for a ${other} of this team; give this one a ref of its own.`,
      refusing('ref_used'),
    );
  }
  if (dryRun) {
    const { balance } = await credits.read(tenantId);
    const made = await credits.foreseeGrant(request);
    return actResult(
      false,
      ...[
        fact.credits('balance', balance),
        fact.credits('credits', made?.amountMicro ?? amountMicro),
      ],
      fact.instant('until', made?.expiresAt ?? expiresAt),
      ...repeatOf(wish, made !== undefined),
    );
  }
  const { grant, isNew } = await credits.grant(request);
  const after = await credits.read(tenantId);
  return actResult(
    true,
    ...[fact.credits('credits', grant.amountMicro), fact.instant('until', grant.expiresAt)],
    ...[fact.credits('balance', after.balance), ...repeatOf(wish, !isNew)],
  );
};

/** Takes back what is left of a grant, all of it unless told; what was used stays used. 404 `not_found`. */
export const revokeCredits: Act<
  CreditDeps,
  { grantId: string; credits?: number | undefined; ref: string }
> = async ({ credits }, { operator, tenantId, reason, dryRun }, wish) => {
  const { grants } = await credits.read(tenantId);
  const grant = grants.find((one) => one.id === wish.grantId);
  if (!grant)
    throw new BillingError(
      'not_found',
      'This team has no such grant of credits.',
      refusing('no_such_grant'),
    );
  const micro = wish.credits === undefined ? undefined : microOf(wish.credits);
  const request = {
    ...{ tenantId, grantId: wish.grantId, ref: wish.ref, reason, actor: actorOf(operator) },
    ...(micro === undefined ? {} : { micro }),
  };
  if (dryRun) {
    const isRepeated = await credits.foreseeRevocation(request);
    return actResult(
      false,
      fact.credits('credits', isRepeated ? 0 : Math.min(grant.left, micro ?? grant.left)),
      fact.credits('creditsLeft', grant.left),
      ...repeatOf(wish, isRepeated),
    );
  }
  const taken = await credits.revoke(request);
  return actResult(
    true,
    fact.credits('credits', taken.revokedMicro),
    fact.credits('creditsPending', taken.pendingMicro),
    fact.credits('creditsShort', taken.shortfallMicro),
    ...repeatOf(wish, !taken.isNew),
  );
};
