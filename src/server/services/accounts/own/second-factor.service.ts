import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import {
  beginFactor,
  confirmFactor,
  deleteFactor,
  findPendingFactor,
  findSecondFactor,
  takeRecoveryCode,
  takeStep,
} from '../../../../db/repositories/accounts/second-factor.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import type { Tx } from '../../../../db/client.ts';
import type { User } from '../../../../db/schema/index.ts';
import type { SecondFactorBegun, SecondFactorView } from '../../../../domain/api.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { UserId } from '../../../../domain/ids.ts';
import type { ClientInfo } from '../credentials.ts';
import { getAccount } from '../get-account.ts';
import type { AccountDeps, PasswordService } from './password.service.ts';

const ISSUER = 'Small Squaretable';
const PERIOD_SECONDS = 30;
const RECOVERY_CODES = 10;

/**
 * A second factor: the codes of an app (RFC 6238, 30 seconds, six digits), and ten codes for when the
 * app is lost. `realTime` is the machine's clock, which apps follow.
 */
export class SecondFactorService {
  private readonly deps: AccountDeps & { realTime: Clock; passwords: PasswordService };
  private readonly key: Buffer;

  constructor(
    deps: AccountDeps & { realTime: Clock; passwords: PasswordService; jwtSecret: string },
  ) {
    this.deps = deps;
    this.key = Buffer.from(hkdfSync('sha256', deps.jwtSecret, '', 'second factors', 32));
  }

  async read(userId: UserId): Promise<SecondFactorView> {
    const factor = await findSecondFactor(this.deps.db, userId);
    return { isOn: factor !== undefined, recoveryCodesLeft: factor?.recoveryHashes.length ?? 0 };
  }

  /** A secret for an app; nothing is asked for before a code of it was shown. 403, 409, 429. */
  async begin(userId: UserId, password: string, from: ClientInfo): Promise<SecondFactorBegun> {
    const user = await this.deps.passwords.confirm(userId, password, from);
    const secret = new Secret({ size: 20 });
    const sealedSecret = this.seal(secret.base32);
    const now = this.deps.clock.now();
    await this.deps.db.transaction(async (tx) => {
      await this.deps.passwords.assertHeld(tx, user);
      if (await beginFactor(tx, { userId, sealedSecret, now })) return;
      throw new BillingError('state_changed', 'There is a second factor already; remove it first.');
    });
    return { secret: secret.base32, uri: totpOf(secret.base32, user.email).toString() };
  }

  /** Puts it in force by a first code, and answers the recovery codes: once. 400, 409. */
  async confirm(userId: UserId, code: string): Promise<string[]> {
    const { db, limits, clock } = this.deps;
    const pending = await findPendingFactor(db, userId);
    if (!pending) throw new BillingError('state_changed', 'Begin with the second factor anew.');
    await limits.countPassword(userId);
    const step = this.stepOf(this.open(pending.sealedSecret), code);
    if (step === undefined) throw wrongCode();
    await limits.forgivePassword(userId);
    const codes = Array.from({ length: RECOVERY_CODES }, newRecoveryCode);
    await db.transaction(async (tx) => {
      const { sealedSecret } = pending;
      const recoveryHashes = codes.map(hashOf);
      const now = clock.now();
      const mine = await confirmFactor(tx, { userId, sealedSecret, step, recoveryHashes, now });
      if (!mine) throw new BillingError('state_changed', 'This was done elsewhere meanwhile.');
      await this.note(tx, userId, 'user.second_factor_added');
    });
    return codes;
  }

  /** Asks for it no more. 403 `wrong_password`, 403 `second_factor_required`, 429 after many of either. */
  async remove(
    userId: UserId,
    wish: { password: string; code: string; from: ClientInfo },
  ): Promise<void> {
    const { limits, passwords } = this.deps;
    const user = await passwords.confirm(userId, wish.password, wish.from);
    // A wrong code stays counted, as a wrong password does: who knows the password may not guess it.
    await limits.countPassword(userId);
    await this.assertShown(user, wish.code);
    await limits.forgivePassword(userId);
    await this.deps.db.transaction(async (tx) => {
      await passwords.assertHeld(tx, user);
      await deleteFactor(tx, userId);
      await this.note(tx, userId, 'user.second_factor_removed');
    });
  }

  /**
   * At sign-in, when the password was right: nothing for who has no second factor. 401
   * `second_factor_required` without a code, and with a wrong one or one that was used.
   */
  async assertShown(user: Pick<User, 'id'>, code: string | undefined): Promise<void> {
    const factor = await findSecondFactor(this.deps.db, user.id);
    if (!factor) return;
    if (code === undefined) {
      throw new BillingError('second_factor_required', 'Show the code of your app too: `code`.');
    }
    const { db } = this.deps;
    const step = this.stepOf(this.open(factor.sealedSecret), code);
    const taken =
      step === undefined
        ? await takeRecoveryCode(db, { userId: user.id, hash: hashOf(code) })
        : await takeStep(db, { userId: user.id, step });
    if (!taken) throw wrongCode();
  }

  /** The half minute that a code is of: this one, or one beside it, as clocks differ. */
  private stepOf(secret: string | undefined, code: string): number | undefined {
    const timestamp = this.deps.realTime.now().getTime();
    const token = code.replace(/\s/g, '');
    if (secret === undefined || !/^\d{6}$/.test(token)) return undefined;
    const delta = totpOf(secret, '').validate({ token, timestamp, window: 1 });
    return delta === null ? undefined : Math.floor(timestamp / 1000 / PERIOD_SECONDS) + delta;
  }

  private seal(text: string): string {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  /** `undefined` for what was sealed under another `JWT_SECRET`: only recovery codes open then. */
  private open(sealed: string): string | undefined {
    try {
      return this.unseal(sealed);
    } catch {
      return undefined;
    }
  }

  private unseal(sealed: string): string {
    const bytes = Buffer.from(sealed, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, 12));
    decipher.setAuthTag(bytes.subarray(12, 28));
    return decipher.update(bytes.subarray(28), undefined, 'utf8') + decipher.final('utf8');
  }

  private async note(tx: Tx, userId: UserId, action: string): Promise<void> {
    const { user } = await getAccount(tx, userId);
    await insertAuditEntry(tx, {
      actor: { kind: 'user', userId, role: user.role },
      ...{ tenantId: user.tenantId, action, subjectId: userId, now: this.deps.clock.now() },
    });
  }
}

function totpOf(secret: string, label: string): TOTP {
  return new TOTP({ issuer: ISSUER, label, secret, period: PERIOD_SECONDS, digits: 6 });
}

/** As `k3vm-9q2x-…`: 80 bits, in letters that are not taken for one another. */
function newRecoveryCode(): string {
  const letters = new Secret({ size: 10 }).base32.toLowerCase();
  return letters.match(/.{4}/g)!.join('-');
}

function hashOf(code: string): string {
  const plain = code.toLowerCase().replace(/[\s-]/g, '');
  return createHash('sha256').update(plain).digest('hex');
}

const wrongCode = () =>
  new BillingError('second_factor_required', 'The code is wrong, too old, or was used before.', {
    data: { shown: true },
  });
