import { isStorableJson } from '../../../../domain/storable.ts';
import type { AdmissionCall } from '../../../../db/repositories/usage/admission/admit.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { isUuid } from '../../../../domain/ids.ts';
import { isResourceType, type ResourceType } from '../../../../domain/quota.ts';
import { canonicalJson, fingerprint } from './fingerprint.ts';

/** Units of one call at most: a thousand of them still add up exactly. */
export const AMOUNT_MAX = 1_000_000_000_000;
export const KEY_LENGTH_MAX = 255;
export const METADATA_BYTES_MAX = 16_384;
export const TTL_SECONDS_MAX = 86_400;

export interface Consumption {
  tenantId: string;
  resourceType: ResourceType;
  /** Whole units, from 1. */
  amount: number;
  /** False records what would pass the limit too. */
  enforce?: boolean;
  /** The same key and body answers as the first time, for ever. */
  idempotencyKey?: string;
  metadata?: Record<string, unknown> | undefined;
  /** When the work started, ISO 8601; decides the month. Now unless told. */
  occurredAt?: string | undefined;
}

/** A sentence about what is wrong, or `undefined`. */
export function problemWith(call: Partial<Record<keyof Consumption, unknown>>): string | undefined {
  const { tenantId, resourceType, amount, enforce, idempotencyKey, metadata } = call;
  if (!isUuid(tenantId)) return 'tenantId must be a UUID.';
  if (!isResourceType(resourceType)) {
    return 'resourceType must be one of llm_tokens, messages, images, api_calls.';
  }
  if (!isWholeAmount(amount, 1)) {
    return `amount must be a whole number from 1 to ${AMOUNT_MAX}.`;
  }
  if (enforce !== undefined && typeof enforce !== 'boolean') return 'enforce must be a boolean.';
  if (idempotencyKey !== undefined && !isKey(idempotencyKey)) {
    return `idempotencyKey must be text of 1 to ${KEY_LENGTH_MAX} characters.`;
  }
  return problemWithMetadata(metadata);
}

export function isWholeAmount(amount: unknown, min: number): amount is number {
  return (
    typeof amount === 'number' && Number.isInteger(amount) && amount >= min && amount <= AMOUNT_MAX
  );
}

export function isKey(key: unknown): key is string {
  return (
    typeof key === 'string' &&
    key.length > 0 &&
    key.length <= KEY_LENGTH_MAX &&
    !key.includes('\0') &&
    key.isWellFormed()
  );
}

/** Nesting deeper than this is refused: PostgreSQL's own parser has a limit too. */
const DEPTH_MAX = 32;

/** A sentence about what is wrong with `metadata`, or `undefined`; it may be left out. */
export function problemWithMetadata(metadata: unknown): string | undefined {
  if (metadata === undefined) return undefined;
  if (metadata === null || typeof metadata !== 'object' || Array.isArray(metadata)) {
    return 'metadata must be an object.';
  }
  if (!isStorableJson(metadata, DEPTH_MAX)) {
    return `metadata must be JSON without NUL characters and broken surrogate pairs, nested at most ${DEPTH_MAX} deep.`;
  }
  if (Object.hasOwn(metadata, 'rated')) {
    return 'metadata must not have "rated": how tokens were weighed is written there by us.';
  }
  if (Buffer.byteLength(JSON.stringify(metadata)) > METADATA_BYTES_MAX) {
    return `metadata must have at most ${METADATA_BYTES_MAX} bytes of JSON.`;
  }
  return undefined;
}

/**
 * A checked consumption, as admission takes it. `also` is what goes into the ledger beside the caller's
 * metadata, and of what is said the part that tells one body from another.
 */
export function admissionOf(
  call: Consumption,
  startedAt?: Date,
  also?: { note: Record<string, unknown>; said: string },
): AdmissionCall {
  const { resourceType, amount, metadata, occurredAt } = call;
  const enforce = call.enforce ?? true;
  const key = call.idempotencyKey ?? null;
  const described = metadata === undefined ? null : canonicalJson(metadata);
  const body = also?.said ?? `${resourceType} ${amount}`;
  return {
    tenantId: call.tenantId.toLowerCase(),
    resourceType,
    amount,
    enforce,
    key,
    fingerprint:
      key === null ? 0 : fingerprint(`${body} ${enforce} ${described}${dated(occurredAt)}`),
    metadata: also ? canonicalJson({ ...metadata, ...also.note }) : described,
    reservationId: null,
    expiresAt: null,
    ...(startedAt === undefined ? {} : { startedAt }),
  };
}

/** Only where it was said, so that bodies without it hash as ever. */
const dated = (occurredAt: string | undefined) =>
  occurredAt === undefined ? '' : ` at ${Date.parse(occurredAt)}`;

export interface ReservationRequest extends Omit<Consumption, 'enforce'> {
  /** Seconds until a hold that nobody settles is released, from 1 to a day. */
  ttlSeconds: number;
}

/** A checked reservation request; `reservationId` is the id it will have. */
export function reservationOf(
  call: ReservationRequest,
  reservationId: string,
  now: Date,
  startedAt?: Date,
): AdmissionCall {
  const admission = admissionOf(call, startedAt);
  const { key, resourceType, amount, metadata } = admission;
  const body = `hold ${resourceType} ${amount} ${call.ttlSeconds} ${metadata}${dated(call.occurredAt)}`;
  return {
    ...admission,
    fingerprint: key === null ? 0 : fingerprint(body),
    reservationId,
    expiresAt: new Date(now.getTime() + call.ttlSeconds * 1000),
  };
}

/** Throws 400 `invalid_request` with the sentence. */
export function assertValid(problem: string | undefined): void {
  if (problem !== undefined) throw new BillingError('invalid_request', problem);
}
