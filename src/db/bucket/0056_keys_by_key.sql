-- Keys mostly rise with time, and entries that begin with them go to the end of the index, where the one
-- before went: behind the tenant each goes to another page. In a bucket that has keys the index is built
-- before, while it is used.
create unique index if not exists usage_idempotency_key_tenant_id_pk on usage_idempotency (key, tenant_id);
alter table usage_idempotency drop constraint usage_idempotency_tenant_id_key_pk;
alter table usage_idempotency add constraint usage_idempotency_key_tenant_id_pk
  primary key using index usage_idempotency_key_tenant_id_pk;
