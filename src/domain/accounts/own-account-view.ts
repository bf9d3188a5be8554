import type { OptionalMail } from '../mails.ts';
import type { Plan } from '../plans.ts';

export interface DeviceView {
  /** As `Firefox`; `null` when it does not say. */
  browser: string | null;
  /** As `Windows`. */
  system: string | null;
}

/** One place where a person is signed in. */
export interface OwnSessionView {
  id: string;
  device: DeviceView;
  /** Where it was last used from; `null` when that was not kept. */
  address: string | null;
  startedAt: string;
  lastUsedAt: string;
  /** Whether it is the one that asks. */
  current: boolean;
}

/** What goes when a person deletes their account. */
export interface AccountDeletionView {
  /** Whether they are the only owner: then the team goes too. */
  deletesTeam: boolean;
  team: string;
  /** How many others are in the team. */
  others: number;
  /** What ends with the team. */
  subscription: { plan: Plan } | null;
}

/** Which mails a person gets, and who else gets those about money. */
export interface NotificationsView {
  /** Those that one may do without, and whether they are wanted. */
  optional: { kind: OptionalMail; wanted: boolean }[];
  /** Of the tenant; `null` for nobody else, and for who does not manage billing. */
  billingEmail: string | null;
}

export interface SecondFactorView {
  isOn: boolean;
  /** Of ten; each works once. */
  recoveryCodesLeft: number;
}

export interface SecondFactorBegun {
  /** Base32, to be typed into an app. */
  secret: string;
  /** `otpauth://totp/…`, to be read by an app as a picture. */
  uri: string;
}
