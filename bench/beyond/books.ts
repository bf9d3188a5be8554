import { createLog } from '../../src/server/log.ts';
import { LedgerVerificationService } from '../../src/server/services/usage/ledger/ledger-verification.service.ts';
import { NOW, PERIOD, type BenchDatabase } from '../database.ts';
import { atMost, type Report } from '../report.ts';
import type { CountedDesign } from './designs.ts';

/** Whose calls are compared with the books, and what a unit takes of credits: 0 within the quota. */
export interface Booked {
  design: CountedDesign;
  tenants: readonly string[];
  rateMicro: number;
}

/** The sums that the calls of a design move: units that count as used, and µcr out of grants and overage. */
interface Sums {
  units: number;
  micro: number;
}

async function sumsOf({ pool }: BenchDatabase, { design, tenants }: Booked): Promise<Sums> {
  const { rows } = await pool.query<Record<keyof Sums, string>>(
    `select
       (select coalesce(sum(used), 0) from u00.usage_totals
         where tenant_id = any($1) and period = $2 and resource_type = $3::u00.resource_type) as units,
       (select coalesce(sum(amount_micro - left_micro - held_micro), 0) from u00.credit_grants
         where tenant_id = any($1))
       - (select coalesce(sum(head_left + overage_left), 0) from u00.credit_accounts
         where tenant_id = any($1))
       + (select coalesce(sum(used_micro), 0) from u00.overage_periods
         where tenant_id = any($1)) as micro`,
    [tenants, PERIOD, design.resourceType],
  );
  return { units: Number(rows[0]!.units), micro: Number(rows[0]!.micro) };
}

/**
 * Compares what was acknowledged with what the books say, after each run: nothing is lost, nothing is there
 * twice, and credits pay what they should and no more.
 */
export class Books {
  /** In units, and in µcr of those that credits pay. */
  #lost = 0;
  #doubled = 0;
  readonly #database: BenchDatabase;

  constructor(database: BenchDatabase) {
    this.#database = database;
  }

  /** `run` makes calls of the design, and nobody else does meanwhile. */
  async compare<T>(booked: Booked, run: () => Promise<T>): Promise<T> {
    const { design, rateMicro } = booked;
    const told = design.answers.units;
    const before = await sumsOf(this.#database, booked);
    const result = await run();
    const after = await sumsOf(this.#database, booked);
    const units = design.answers.units - told;
    this.#note(units - (after.units - before.units));
    this.#note(units * rateMicro - (after.micro - before.micro));
    return result;
  }

  #note(missing: number): void {
    this.#lost += Math.max(0, missing);
    this.#doubled += Math.max(0, -missing);
  }

  /** Whether all of it held, in the end with the ledger and every draw. */
  async report(report: Report): Promise<void> {
    const verification = new LedgerVerificationService({
      ...{ database: this.#database, clock: { now: () => NOW } },
      log: createLog('silent', false),
    });
    const { differences, credits, members, limits } = await verification.verify();
    const found = differences.length + credits.length + members.length + limits.length;
    report.criteria.push(
      atMost('beyond: over a cap or a grant', await this.#over(), 0, 'µcr'),
      atMost('beyond: acknowledged and lost', this.#lost, 0, 'units and µcr'),
      atMost('beyond: there and never acknowledged', this.#doubled, 0, 'units and µcr'),
      atMost('beyond: differences found by the verification', found, 0, ''),
    );
    console.log(
      '  The same with kills of apps and database: npm run test:million, a million calls.',
    );
  }

  /** What draws took beyond a month's cap, and beyond what a grant came with. */
  async #over(): Promise<number> {
    const { rows } = await this.#database.pool.query<{ over: string }>(
      `select
         (select coalesce(sum(greatest(0, m.micro - m.cap)), 0) from (
           select sum(d.micro) as micro,
             floor(a.overage_cap_minor * 1000000.0 / a.overage_price) as cap
           from u00.credit_draws d join u00.credit_accounts a using (tenant_id)
           where d.kind = 'overage'
           group by d.tenant_id, d.period, a.overage_cap_minor, a.overage_price) as m)
         + (select coalesce(sum(greatest(0, g.micro)), 0) from (
           select sum(micro) as micro from u00.credit_draws
           where grant_id is not null group by tenant_id, grant_id) as g) as over`,
    );
    return Number(rows[0]!.over);
  }
}
