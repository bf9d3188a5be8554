import type { ResourceType } from '../../quota.ts';

/** Units that a member may use in a month; what is not named has no limit of the member's own. */
export type MemberLimits = Readonly<Partial<Record<ResourceType, number>>>;

/** An owner or admin, whom a member may ask to raise a limit. */
export interface LimitContact {
  name: string;
  email: string;
  role: 'owner' | 'admin';
}
