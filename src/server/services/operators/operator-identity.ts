import { randomUUID } from 'node:crypto';
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

/** Nobody's: at the command line nobody has signed in. */
const NO_USER = '00000000-0000-4000-8000-000000000000' as UserId;

/** Whoever types a command, under the name that they give; what they do stands under one request. */
export function atCommandLine(by: string, reason: string): OperatorIdentity {
  return { userId: NO_USER, email: by, reason, requestId: randomUUID() };
}
