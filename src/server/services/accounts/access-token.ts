import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
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
  /** The session that it was made for; tokens of the version before name none. */
  sessionId?: string | undefined;
}

interface Verified {
  claims: Readonly<AccessClaims>;
  /** Seconds since 1970: the token's own `exp`. */
  endsAt: number;
}

/** Tokens whose signature is remembered: those of so many people at once, some 10 MiB. */
const VERIFIED_MAX = 10_000;

/** Signs and checks access tokens. `clock` is the real time, whatever the product's clock says. */
export class AccessTokens {
  private readonly key: KeyObject;
  private readonly verified = new LRUCache<string, Verified>({ max: VERIFIED_MAX });
  private readonly clock: Clock;

  constructor(deps: { jwtSecret: string; clock: Clock }) {
    this.key = createSecretKey(deps.jwtSecret, 'utf8');
    this.clock = deps.clock;
  }

  /** Lives 15 minutes; less where it is to end with another one, at `endsAt` (seconds since 1970). */
  issue(claims: AccessClaims, endsAt = Number.POSITIVE_INFINITY): Promise<string> {
    const issuedAt = Math.floor(this.clock.now().getTime() / 1000);
    return new SignJWT({
      tenantId: claims.tenantId,
      role: claims.role,
      emailVerified: claims.emailVerified,
      ...(claims.sessionId === undefined ? {} : { sid: claims.sessionId }),
    })
      .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
      .setIssuer(ISSUER)
      .setSubject(claims.userId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(Math.min(issuedAt + ACCESS_TOKEN_TTL_SECONDS, endsAt))
      .sign(this.key);
  }

  /**
   * Throws 401 `token_expired` for a token of ours that is too old, else 401 `unauthenticated`. At
   * once, and the signature once a token: checking it took longer than all the rest of a request.
   */
  verify(token: string): AccessClaims {
    return this.live(token).claims;
  }

  /** Seconds since 1970. Throws as `verify`. */
  endOf(token: string): number {
    return this.live(token).endsAt;
  }

  private live(token: string): Verified {
    const verified = this.verified.get(token) ?? this.read(token);
    if (verified.endsAt > Math.floor(this.clock.now().getTime() / 1000)) return verified;
    this.verified.delete(token);
    throw new BillingError('token_expired', 'The access token has expired; refresh it.');
  }

  private read(token: string): Verified {
    const { iss, exp, sub, sid, tenantId, role, emailVerified } = this.payloadOf(token);
    if (iss !== ISSUER || typeof exp !== 'number') throw unauthenticated();
    if (!isUuid(sub) || !isUuid(tenantId) || !isRole(role)) {
      throw new BillingError('unauthenticated', 'The access token lacks what it must say.');
    }
    const claims: AccessClaims = {
      userId: sub as UserId,
      tenantId: tenantId as TenantId,
      role,
      emailVerified: emailVerified === true,
      ...(isUuid(sid) ? { sessionId: sid } : {}),
    };
    const verified = { claims, endsAt: exp };
    this.verified.set(token, verified);
    return verified;
  }

  /**
   * What was signed with our key by HS256 (RFC 7515, section 5.2). The token's own word on how it was
   * signed is not asked for, so that it cannot choose. Nothing is decoded before the signature fits.
   */
  private payloadOf(token: string): Record<string, unknown> {
    const [header, payload, signature, ...more] = token.split('.');
    if (!header || !payload || !signature || more.length > 0) throw unauthenticated();
    const signed = `${header}.${payload}`;
    const expected = Buffer.from(createHmac('sha256', this.key).update(signed).digest('base64url'));
    const shown = Buffer.from(signature);
    if (shown.length !== expected.length || !timingSafeEqual(shown, expected)) {
      throw unauthenticated();
    }
    return parseObject(Buffer.from(payload, 'base64url').toString());
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Signed with our secret, but by somebody who signs something else.
  }
  throw unauthenticated();
}

const unauthenticated = () =>
  new BillingError('unauthenticated', 'The access token is not valid; sign in again.');

function isRole(value: unknown): value is Role {
  return typeof value === 'string' && (ROLES as readonly string[]).includes(value);
}
