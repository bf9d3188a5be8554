/** The rules of grants, written as plainly as they can be. */

export interface ModelGrant {
  id: string;
  paid: boolean;
  amount: number;
  left: number;
  held: number;
  due: number;
  effectiveMs: number;
  expiresMs: number;
  frozen: boolean;
  revoked: boolean;
}

/** Of one tenant. */
export class GrantsModel {
  readonly grants: ModelGrant[] = [];

  /** What can be drawn now, in its order. */
  protected usable(nowMs: number): ModelGrant[] {
    return this.grants
      .filter((g) => g.left > 0 && !g.frozen && g.effectiveMs <= nowMs && nowMs < g.expiresMs)
      .sort(
        (a, b) =>
          a.expiresMs - b.expiresMs ||
          Number(a.paid) - Number(b.paid) ||
          a.effectiveMs - b.effectiveMs ||
          (a.id < b.id ? -1 : 1),
      );
  }

  balance(nowMs: number): number {
    return this.usable(nowMs).reduce((sum, { left }) => sum + left, 0);
  }

  protected take(micro: number, nowMs: number) {
    const taken: { grant: ModelGrant; micro: number }[] = [];
    for (const grant of this.usable(nowMs)) {
      const part = Math.min(grant.left, micro);
      if (part === 0) break;
      grant.left -= part;
      micro -= part;
      taken.push({ grant, micro: part });
    }
    return taken;
  }

  protected giveBack(grant: ModelGrant, micro: number, nowMs: number): void {
    const revoked = grant.revoked ? micro : Math.min(micro, grant.due);
    grant.due = grant.revoked
      ? grant.held
      : Math.min(grant.due - Math.min(revoked, grant.due), grant.held);
    const back = micro - revoked;
    if (grant.frozen || nowMs < grant.expiresMs) grant.left += back;
  }

  revoke(grant: ModelGrant, micro: number | null): [number, number, number] {
    const wanted = micro ?? grant.amount;
    const revoked = Math.min(wanted, grant.left);
    const pending = Math.min(wanted - revoked, grant.held - grant.due);
    grant.left -= revoked;
    grant.due += pending;
    grant.revoked ||= wanted >= grant.amount;
    return [revoked, pending, wanted - revoked - pending];
  }

  /** What is over is gone, as the books see it once somebody looked. */
  lapse(nowMs: number): void {
    for (const g of this.grants) if (!g.frozen && g.expiresMs <= nowMs) g.left = 0;
  }
}
