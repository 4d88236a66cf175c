-- Limits: what an organisation, a key or a client has in place of its plan's figures, and the plans' own figures.

alter table gatehouse.organisations
  -- Like PlanOverride in lambdas/shared/limits/plans.ts; the operator's to set, never the tenant's.
  add limits jsonb,
  -- Whose members operate the platform: permissions on its settings count in this organisation alone.
  add operator boolean not null default false;
alter table gatehouse.api_keys add limits jsonb;
alter table gatehouse.clients add limits jsonb;

-- A tenant renames its organisation; what it pays for and what it is are not its own to change.
revoke insert, update on gatehouse.organisations from gatehouse_app;
grant insert (id, name), update (name, version, updated_at) on gatehouse.organisations to gatehouse_app;

-- Settings of the platform that are changed while it runs, by name. Everybody's functions read them.
create table gatehouse.settings (
  name text primary key check (name in ('limits')),
  -- Only grows: who has seen a version never goes back to an older one.
  version integer not null check (version > 0),
  value jsonb not null,
  updated_at timestamptz not null default now()
);
alter table gatehouse.settings enable row level security;
grant select, insert, update on gatehouse.settings to gatehouse_app;
grant select on gatehouse.settings to gatehouse_auth;

create function gatehouse.is_operator() returns boolean language sql stable security definer set search_path = ''
  return exists (select from gatehouse.organisations where id = gatehouse.organisation() and operator);
revoke execute on function gatehouse.is_operator from public;
grant execute on function gatehouse.is_operator to gatehouse_app;

-- What an organisation pays for is set by the operator, and of any organisation.
create function gatehouse.set_plan(wanted uuid, new_plan text, new_limits jsonb) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  if not gatehouse.is_operator() then
    raise exception 'plans are set by the operator' using errcode = 'insufficient_privilege';
  end if;
  update gatehouse.organisations set plan = new_plan, limits = new_limits, version = version + 1, updated_at = now()
    where id = wanted;
end
$$;
revoke execute on function gatehouse.set_plan from public;
grant execute on function gatehouse.set_plan to gatehouse_app;

create policy anybody on gatehouse.settings for select using (true);
create policy operator_sets on gatehouse.settings for insert to gatehouse_app with check (gatehouse.is_operator());
create policy operator_changes on gatehouse.settings for update to gatehouse_app
  using (gatehouse.is_operator()) with check (gatehouse.is_operator());
