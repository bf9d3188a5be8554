import { randomUUID } from 'node:crypto';
import { BillingError } from '../../../../domain/errors.ts';

/**
 * The id of a reservation as others see it carries its tenant, for every key of the metering
 * tables begins with the tenant.
 */
const PATTERN = /^rsv_([0-9a-f]{32})([0-9a-f]{32})$/;

export interface ReservationKey {
  tenantId: string;
  id: string;
}

export const newReservationKey = (tenantId: string): ReservationKey => ({
  tenantId,
  id: randomUUID(),
});

export function formatReservationId({ tenantId, id }: ReservationKey): string {
  return `rsv_${tenantId}${id}`.replaceAll('-', '');
}

/** 404 `reservation_not_found` for anything that we did not give out. */
export function parseReservationId(reservationId: string): ReservationKey {
  const match = PATTERN.exec(reservationId);
  if (match === null) throw reservationNotFound(reservationId);
  return { tenantId: dashed(match[1]!), id: dashed(match[2]!) };
}

export function reservationNotFound(reservationId: string): BillingError {
  return new BillingError(
    'reservation_not_found',
    `There is no reservation "${reservationId.slice(0, 100)}".`,
  );
}

function dashed(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
