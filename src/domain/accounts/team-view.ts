import type { Role } from '../ids.ts';
import type { Plan } from '../plans.ts';
import type { ResourceType } from '../quota.ts';
import type { Seats } from './team.ts';

/** A tenant that the reader belongs to. */
export interface TeamView {
  id: string;
  name: string;
  plan: Plan;
  role: Role;
  /** Whether it is the one that the access token names. */
  current: boolean;
}

export interface MemberView {
  id: string;
  name: string;
  email: string;
  role: Role;
  /** Who has none reads and does nothing. */
  hasSeat: boolean;
  joinedAt: string;
  /** Whether it is the reader. */
  own: boolean;
  /** Units of this month, as far as the ledger names who used them; `null` where they are too many to add up. */
  usage: Record<ResourceType, number> | null;
  /** Units a month that owners and admins let them use; null where they have no limit of their own. */
  limits: Record<ResourceType, number | null>;
}

export interface MembersView {
  members: MemberView[];
  seats: Seats;
}

export interface InvitationView {
  id: string;
  email: string;
  role: Role;
  /** `expired` ones keep no seat; they may be sent again. */
  state: 'open' | 'expired';
  /** Who asked; `null` when the account is gone. */
  inviter: string | null;
  createdAt: string;
  expiresAt: string;
}

/** What the holder of an invitation's link is told before accepting. */
export interface InvitationOffer {
  team: string;
  inviter: string | null;
  email: string;
  role: Role;
  expiresAt: string;
  /** Whether somebody has an account with the address. */
  hasAccount: boolean;
}

/** Something that was done in a team. */
export interface AuditEntryView {
  id: string;
  at: string;
  actor: {
    kind: 'user' | 'api_key' | 'service' | 'webhook' | 'system';
    /** A person's name where they are known; else what acted. */
    name: string | null;
  };
  /** `<noun>.<verb past>`. */
  action: string;
  /** The name of the person that it is about; else the id of what it is about. */
  subject: string | null;
  before: unknown;
  after: unknown;
  cause: string | null;
}

export interface AuditPage {
  entries: AuditEntryView[];
  nextCursor: string | null;
}
