import type { Person } from '../../faults/person.ts';
import { inEveryBucket } from '../../support/buckets.ts';
import type { Told } from '../told.ts';
import { USE_ACTS, type UseAct } from './acts.ts';
import { BILLS_FOR } from './bills.ts';
import { packAtTheBank } from './packs.ts';

/** What of a team decides whether an act finds anything to do. */
export interface Now {
  plan: string;
  canPay: boolean;
  canHold: boolean;
  canRelease: boolean;
  canWriteOff: boolean;
  owes: boolean;
  hasOpenPack: boolean;
  hasPack: boolean;
  isAtTheBank: boolean;
  isAsked: boolean;
  topsUp: boolean;
  told: Pick<Told, 'caps' | 'credits' | 'rules' | 'members'>;
}

const isInTeam = ({ told }: Now) => told.members.some(({ left }) => !left);
const hasRoom = ({ plan, told }: Now) =>
  plan === 'team' && told.members.filter(({ left }) => !left).length < 3;

/** Acts that seldom find anything to do, and when they do. */
export const ONLY_WHERE: Partial<Record<UseAct, (now: Now) => boolean>> = {
  'end overage': ({ told }) => (told.caps.at(-1)?.upToMinor ?? 0) > 0,
  'pay what is open': ({ canPay }) => canPay,
  'staff hold what is billed next': ({ canHold, owes }) => canHold || owes,
  'staff release the bill': ({ canRelease }) => canRelease,
  'staff write the bill off': ({ canWriteOff }) => canWriteOff,
  'come back to the bank': ({ isAtTheBank }) => isAtTheBank,
  'give the open pack up': ({ hasOpenPack }) => hasOpenPack,
  'give the pack back': ({ hasPack }) => hasPack,
  'staff give half of the pack back': ({ hasPack }) => hasPack,
  'staff give the unused pack back': ({ hasPack }) => hasPack,
  'staff revoke the newest credits': ({ told, hasPack }) => hasPack || told.credits.length > 0,
  'confirm the top-up by the mail’s link': ({ isAsked }) => isAsked,
  'refuse the top-up at the bank': ({ isAsked }) => isAsked,
  'top up no more': ({ topsUp }) => topsUp,
  'top up no more, while one is begun': ({ topsUp }) => topsUp,
  'no rule any more': ({ told }) => told.rules.length > 0,
  'let somebody in': hasRoom,
  'a member may use 10 pictures': isInTeam,
  'a member may use 60 pictures': isInTeam,
  'a member may use none': isInTeam,
  'a member may use what anybody may': isInTeam,
  'a member uses 4 pictures': isInTeam,
  'a member uses 30 pictures': isInTeam,
  'a member uses 4 pictures, eight times at once': isInTeam,
  'a member holds 4 pictures for a day': isInTeam,
  'a member leaves, with 3 pictures held': isInTeam,
  'the owner takes a member out': isInTeam,
  'work of who is gone goes on': ({ told }) => told.members.some(({ left }) => left),
};

/** Numbers from 0 to 1, one for each choice. */
export interface Draw {
  seldom: number;
  group: number;
  act: number;
}

/**
 * One of the acts that find something to do now. Every other time one that seldom does, where there is one:
 * its turn would hardly come otherwise. Of these each group is as likely as another, however many acts it has.
 */
export function drawAct({ seldom, group, act }: Draw, now: Now): UseAct {
  const rare = USE_ACTS.map((some) => some.filter((one) => ONLY_WHERE[one]?.(now))).filter(
    (some) => some.length > 0,
  );
  return pickAt(act, seldom < 0.5 && rare.length > 0 ? pickAt(group, rare) : ALWAYS);
}

const ALWAYS = USE_ACTS.flat().filter((one) => ONLY_WHERE[one] === undefined);

const pickAt = <T>(at: number, all: readonly T[]): T => all[Math.floor(at * all.length)]!;

export async function readNow(person: Person, told: Told): Promise<Now> {
  const { world, tenantId } = person;
  const some = (from: string, where: string) =>
    `exists(select from ${from} where tenant_id = $1 and ${where})`;
  const { rows } = await world.pool.query<Omit<Now, 'owes' | 'isAtTheBank' | 'told'>>(
    `select plan, ${some('statements', BILLS_FOR.pay)} as "canPay",
       ${some('statements', BILLS_FOR.hold)} as "canHold",
       ${some('statements', BILLS_FOR.release)} as "canRelease",
       ${some('statements', BILLS_FOR['write-off'])} as "canWriteOff",
       ${some('credit_purchases', `state = 'open'`)} as "hasOpenPack",
       ${some('credit_purchases', `state = 'granted'`)} as "hasPack",
       ${some('credit_purchases', `state = 'needs_action' and trigger = 'auto'`)} as "isAsked",
       ${some('auto_top_ups', 'enabled')} as "topsUp"
     from tenants where id = $1`,
    [tenantId],
  );
  const owing = await inEveryBucket(
    world.pool,
    'select from u00.credit_accounts where tenant_id = $1 and unpaid_micro > 0',
    [tenantId],
  );
  const isAtTheBank = (await packAtTheBank(person)) !== undefined;
  return { ...rows[0]!, owes: owing.length > 0, isAtTheBank, told };
}
