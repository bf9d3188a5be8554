/** A session of the operator's page. */
export interface OperatorSessionView {
  /** What for, as the operator said when signing in: the cause of every view. */
  reason: string;
  /** When it ends unless it is used again before. */
  idleUntil: string;
  /** When it ends at the latest. */
  endsAt: string;
}

/** What an operator did or looked at. */
export interface OperatorEntryView {
  id: string;
  at: string;
  /** Their e-mail address, or the name that a command was told. */
  by: string;
  /** `operator.viewed`, `operator.signed_in`, `operator.credits_granted`, … */
  action: string;
  /** Of a view its address, else what the act was about. */
  subject: string | null;
  reason: string | null;
}

export interface OperatorLogPage {
  entries: OperatorEntryView[];
  nextCursor: string | null;
}
