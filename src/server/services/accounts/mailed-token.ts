import { jwtVerify, SignJWT } from 'jose';
import type { Clock } from '../../../domain/clock.ts';
import { BillingError } from '../../../domain/errors.ts';
import { isUuid, type UserId } from '../../../domain/ids.ts';

/** What a mailed link is for, and for how long. */
const PURPOSES = {
  /** The address is the reader's. */
  verify_email: 7 * 24 * 3600,
  /** The reader may try a password from where they are. */
  open_account: 30 * 60,
} as const;

export type MailedPurpose = keyof typeof PURPOSES;

const ALGORITHM = 'HS256';

/** Signs and reads the tokens of mailed links. `clock` is the real time. */
export class MailedTokens {
  private readonly key: Uint8Array;
  private readonly clock: Clock;

  constructor(deps: { jwtSecret: string; clock: Clock }) {
    this.key = new TextEncoder().encode(`mailed ${deps.jwtSecret}`);
    this.clock = deps.clock;
  }

  issue(purpose: MailedPurpose, to: { userId: string; email: string }): Promise<string> {
    const issuedAt = Math.floor(this.clock.now().getTime() / 1000);
    return new SignJWT({ email: to.email })
      .setProtectedHeader({ alg: ALGORITHM, typ: purpose })
      .setSubject(to.userId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + PURPOSES[purpose])
      .sign(this.key);
  }

  /** 400 `invalid_request` for a link that is too old, was made for something else, or is made up. */
  async read(purpose: MailedPurpose, token: string): Promise<{ userId: UserId; email: string }> {
    const verified = await jwtVerify(token, this.key, {
      algorithms: [ALGORITHM],
      typ: purpose,
      requiredClaims: ['exp', 'sub'],
      currentDate: this.clock.now(),
    }).catch(() => undefined);
    const { sub, email } = verified?.payload ?? {};
    if (isUuid(sub) && typeof email === 'string') return { userId: sub as UserId, email };
    throw new BillingError(
      'invalid_request',
      'This link is not valid any more; sign in and ask for a new one.',
    );
  }
}
