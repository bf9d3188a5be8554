import { GRANT_MICRO_MAX, GRANT_ORIGINS } from '../../../../domain/billing/credits.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { isUuid } from '../../../../domain/ids.ts';
import { isKey, KEY_LENGTH_MAX } from '../calls/validation.ts';
import type { FreezeRequest, GrantRequest } from './requests.ts';

const REASON_LENGTH_MAX = 1_000;
/** What PostgreSQL and JavaScript both can tell; nobody's credits live longer. */
const YEAR_MAX = 9_000;

/** 400 with what is wrong with a grant. */
export function assertGrant(request: GrantRequest & { effectiveAt: Date }): void {
  const { tenantId, origin, originRef, amountMicro, effectiveAt, expiresAt, reason } = request;
  assertTexts(tenantId, originRef, 'originRef', reason);
  if (!GRANT_ORIGINS.includes(origin)) {
    throw refused(`origin must be one of ${GRANT_ORIGINS.join(', ')}.`);
  }
  assertMicro(amountMicro, 'amountMicro');
  if (!isInstant(effectiveAt) || !isInstant(expiresAt)) {
    throw refused('effectiveAt and expiresAt must be instants.');
  }
  if (effectiveAt >= expiresAt) throw refused('expiresAt must be after effectiveAt.');
}

/** 400 with what is wrong with a change of a grant. */
export function assertChange(request: FreezeRequest & { extendBy?: number }, micro?: number): void {
  assertTexts(request.tenantId, request.ref, 'ref', request.reason);
  if (micro !== undefined) assertMicro(micro, 'micro');
  const { extendBy = 0 } = request;
  if (!Number.isSafeInteger(extendBy) || extendBy < 0) {
    throw refused('extendBy must be whole milliseconds from 0.');
  }
  if ('grantId' in request && !isUuid(request.grantId)) {
    throw new BillingError('not_found', `There is no grant "${request.grantId}".`);
  }
}

function assertTexts(tenantId: string, ref: string, name: string, reason: string): void {
  if (!isUuid(tenantId)) {
    throw new BillingError('tenant_not_found', `There is no tenant "${tenantId}".`);
  }
  if (!isKey(ref)) throw refused(`${name} must be text of 1 to ${KEY_LENGTH_MAX} characters.`);
  if (reason.trim() === '' || reason.length > REASON_LENGTH_MAX || reason.includes('\0')) {
    throw refused(
      `A change of credits needs a reason, of at most ${REASON_LENGTH_MAX} characters.`,
    );
  }
}

function assertMicro(micro: number, name: string): void {
  if (Number.isInteger(micro) && micro >= 1 && micro <= GRANT_MICRO_MAX) return;
  throw refused(`${name} must be whole microcredits from 1 to ${GRANT_MICRO_MAX}.`);
}

const isInstant = (value: Date) =>
  Number.isFinite(value.getTime()) && value.getUTCFullYear() < YEAR_MAX;

const refused = (sentence: string) => new BillingError('invalid_request', sentence);
