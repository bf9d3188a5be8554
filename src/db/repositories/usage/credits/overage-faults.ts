/**
 * What in the books of overage does not agree: `overage` what was used of a month at a price with its
 * draws, `overage_held` what is held of it with the reservations, `cap` what a month costs with the cap by
 * which it was taken, `unpaid` what an account owes with its draws and bills, `billed` what of months is billed
 * with the bills, `consent` draws with what somebody agreed to before them.
 */
export type OverageFault = 'overage' | 'overage_held' | 'cap' | 'unpaid' | 'billed' | 'consent';

/** The selects that find them, in the columns of `listCreditDifferences`; money is in whole minor units. */
export function overageFaults(schema: string): string {
  const draws = `select tenant_id, period, currency, minor_per_credit, sum(micro) as micro
    from ${schema}.credit_draws where kind = 'overage' group by 1, 2, 3, 4`;
  const held = `select s.tenant_id, r.period, s.currency, s.minor_per_credit, sum(s.micro) as micro
    from ${schema}.reservation_sources s
    join ${schema}.usage_reservations r on r.tenant_id = s.tenant_id and r.id = s.reservation_id
    where s.grant_id is null group by 1, 2, 3, 4`;
  const months = `select o.tenant_id, o.period, o.currency, o.minor_per_credit, o.cap_minor, o.held_micro,
      o.used_micro - case when a.overage_period = o.period and a.overage_currency = o.currency
        and a.overage_price = o.minor_per_credit then a.overage_left else 0 end as used
    from ${schema}.overage_periods o
    left join ${schema}.credit_accounts a on a.tenant_id = o.tenant_id`;
  const settled = `select tenant_id, sum(micro) as micro
    from ${schema}.overage_bills where state in ('paid', 'returned', 'void') group by 1`;
  return `
      select 'overage', tenant_id, period, null, null, coalesce(m.used, 0), coalesce(d.micro, 0)
      from (${months}) m full join (${draws}) d using (tenant_id, period, currency, minor_per_credit)
      where coalesce(m.used, 0) <> coalesce(d.micro, 0)
      union all
      select 'overage_held', tenant_id, period, null, null, coalesce(m.held_micro, 0),
        coalesce(h.micro, 0)
      from (${months}) m full join (${held}) h using (tenant_id, period, currency, minor_per_credit)
      where coalesce(m.held_micro, 0) <> coalesce(h.micro, 0)
      union all
      select 'cap', tenant_id, period, null, null, max(cap_minor),
        ceil(sum((used + held_micro) * minor_per_credit) / 1000000)
      from (${months}) m
      group by tenant_id, period, currency
      having sum((used + held_micro) * minor_per_credit) > max(cap_minor) * 1000000.0
      union all
      select 'unpaid', a.tenant_id, null, null, null, a.unpaid_micro - a.overage_left,
        coalesce(d.micro, 0) - coalesce(b.micro, 0)
      from ${schema}.credit_accounts a
      left join (select tenant_id, sum(micro) as micro from (${draws}) e group by 1) d
        on d.tenant_id = a.tenant_id
      left join (${settled}) b on b.tenant_id = a.tenant_id
      where a.unpaid_micro - a.overage_left <> coalesce(d.micro, 0) - coalesce(b.micro, 0)
      union all
      select 'billed', a.tenant_id, null, null, null, coalesce(m.micro, 0), coalesce(b.micro, 0)
      from ${schema}.credit_accounts a
      left join (select tenant_id, sum(billed_micro) as micro from ${schema}.overage_periods group by 1) m
        on m.tenant_id = a.tenant_id
      left join (select tenant_id, sum(micro) as micro from ${schema}.overage_bills group by 1) b
        on b.tenant_id = a.tenant_id
      where coalesce(m.micro, 0) <> coalesce(b.micro, 0)
      union all
      select 'consent', d.tenant_id, d.period, d.resource_type, null, count(*), 0
      from ${schema}.credit_draws d
      where d.kind = 'overage' and d.micro > 0 and not exists (
        select from ${schema}.overage_consents c
        where c.tenant_id = d.tenant_id and c.is_on and c.made_at <= d.drawn_at
          and c.currency = d.currency and c.minor_per_credit >= d.minor_per_credit)
      group by 2, 3, 4`;
}
