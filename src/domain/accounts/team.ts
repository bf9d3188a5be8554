import type { Role } from '../ids.ts';

/** How long the link of an invitation may be followed. */
export const INVITATION_DAYS = 7;

/** Owners manage everybody; admins everybody but owners, and make none. */
export function mayManage(actor: Role, role: Role): boolean {
  return actor === 'owner' || (actor === 'admin' && role !== 'owner');
}

/** The seats of a team: what its plan has, its people, and those who are asked to join. */
export interface Seats {
  max: number;
  members: number;
  invited: number;
}

/** Whether one more person may be asked or let in; whoever is asked has a seat kept. */
export function hasRoom({ max, members, invited }: Seats): boolean {
  return members + invited < max;
}
