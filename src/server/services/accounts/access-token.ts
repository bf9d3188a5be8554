import { errors, jwtVerify, SignJWT } from 'jose';
import type { Clock } from '../../../domain/clock.ts';
import { BillingError } from '../../../domain/errors.ts';
import { isUuid, ROLES, type Role, type TenantId, type UserId } from '../../../domain/ids.ts';

export const ACCESS_TOKEN_TTL_SECONDS = 15 * 60;

const ISSUER = 'small-squaretable';
const ALGORITHM = 'HS256';

export interface AccessClaims {
  userId: UserId;
  tenantId: TenantId;
  role: Role;
  /** As it was when the token was made: proof once given stays. */
  emailVerified: boolean;
}

/** Signs and checks access tokens. `clock` is the real time, whatever the product's clock says. */
export class AccessTokens {
  private readonly key: Uint8Array;
  private readonly clock: Clock;

  constructor(deps: { jwtSecret: string; clock: Clock }) {
    this.key = new TextEncoder().encode(deps.jwtSecret);
    this.clock = deps.clock;
  }

  issue(claims: AccessClaims): Promise<string> {
    const issuedAt = Math.floor(this.clock.now().getTime() / 1000);
    return new SignJWT({
      tenantId: claims.tenantId,
      role: claims.role,
      emailVerified: claims.emailVerified,
    })
      .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
      .setIssuer(ISSUER)
      .setSubject(claims.userId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + ACCESS_TOKEN_TTL_SECONDS)
      .sign(this.key);
  }

  /** Throws 401 `token_expired` for a token of ours that is too old, else 401 `unauthenticated`. */
  async verify(token: string): Promise<AccessClaims> {
    const { payload } = await jwtVerify(token, this.key, {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      requiredClaims: ['exp', 'sub'],
      currentDate: this.clock.now(),
    }).catch((cause: unknown) => {
      if (cause instanceof errors.JWTExpired) {
        throw new BillingError('token_expired', 'The access token has expired; refresh it.', {
          cause,
        });
      }
      throw new BillingError('unauthenticated', 'The access token is not valid; sign in again.', {
        cause,
      });
    });
    const { sub, tenantId, role, emailVerified } = payload;
    if (!isUuid(sub) || !isUuid(tenantId) || !isRole(role)) {
      throw new BillingError('unauthenticated', 'The access token lacks what it must say.');
    }
    return {
      userId: sub as UserId,
      tenantId: tenantId as TenantId,
      role,
      emailVerified: emailVerified === true,
    };
  }
}

function isRole(value: unknown): value is Role {
  return typeof value === 'string' && (ROLES as readonly string[]).includes(value);
}
