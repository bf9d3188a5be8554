-- The chart is read from the index alone: a tenant's days were written among everybody's.
alter table usage_days
  drop constraint usage_days_tenant_id_period_resource_type_day_pk,
  add constraint usage_days_tenant_id_period_resource_type_day_pk
    primary key (tenant_id, period, resource_type, day) include (amount);
