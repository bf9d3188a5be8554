import type { Actor, UserId } from '../../../domain/ids.ts';

/** An operator at work: who, and what for. */
export interface OperatorIdentity {
  userId: UserId;
  email: string;
  /** Of the session. */
  reason: string;
  requestId: string;
}

/** As the audit log writes them: staff of the platform, by the address that they sign in with. */
export function actorOf({ email }: Pick<OperatorIdentity, 'email'>): Actor {
  return { kind: 'service', name: email };
}
