import { createHmac } from 'node:crypto';

/**
 * Makes the tokens of mailed links out of the links' ids, under a key that the database does not
 * have: the outbox names a link, and only its reader ever sees the token.
 */
export class LinkTokens {
  private readonly secret: string;

  constructor(secret: string) {
    this.secret = secret;
  }

  of(linkId: string): string {
    return createHmac('sha256', `mailed link ${this.secret}`).update(linkId).digest('base64url');
  }
}
