ALTER TABLE "statement_lines" ADD COLUMN "description" text;
--> statement-breakpoint
-- As lines were sent to Stripe until now, in the language that was asked for: what is sent again is the same.
update statement_lines l
set description = case
  when coalesce(
    (select u.locale from memberships m join users u on u.id = m.user_id
     where m.tenant_id = l.tenant_id and m.role = 'owner'
     order by m.joined_at, u.id limit 1), 'zh-CN') like 'zh%'
  then l.period || ' 超额用量：' || case l.resource_type
      when 'llm_tokens' then 'token（词元）' when 'messages' then '消息'
      when 'images' then '图片' else 'API 调用' end
    || '，' || trim_scale(l.micro / 1000000.0) || ' 点数'
  else 'Overage of ' || l.period || ': ' || case l.resource_type
      when 'llm_tokens' then 'tokens' when 'messages' then 'messages'
      when 'images' then 'images' else 'API calls' end
    || ', ' || trim_scale(l.micro / 1000000.0) || ' credits'
  end;
--> statement-breakpoint
ALTER TABLE "statement_lines" ALTER COLUMN "description" SET NOT NULL;
