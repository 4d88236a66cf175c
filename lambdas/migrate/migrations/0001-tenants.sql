-- Organisations are the tenants; users belong to them by memberships, one row a role.

-- The functions' login: it signs in with IAM tokens and owns nothing, so it can change rows and never the schema.
do $$
begin
  if not exists (select from pg_roles where rolname = 'gatehouse_app') then
    create role gatehouse_app login;
  end if;
end
$$;
grant rds_iam to gatehouse_app;

create schema gatehouse;
grant usage on schema gatehouse to gatehouse_app;

create table gatehouse.organisations (
  id uuid primary key default gen_random_uuid(),
  name text not null check (length(name) between 1 and 200),
  created_at timestamptz not null default now()
);

create table gatehouse.users (
  id uuid primary key default gen_random_uuid(),
  email text not null check (email = lower(email)),
  name text not null,
  -- scrypt in the PHC string format; null for a user of an external issuer
  password_hash text,
  created_at timestamptz not null default now(),
  constraint users_email_unique unique (email)
);

create table gatehouse.memberships (
  organisation_id uuid not null references gatehouse.organisations on delete cascade,
  user_id uuid not null references gatehouse.users on delete cascade,
  role text not null check (role in ('admin', 'editor', 'viewer', 'api_user')),
  created_at timestamptz not null default now(),
  primary key (organisation_id, user_id, role)
);
create index memberships_by_user on gatehouse.memberships (user_id);

grant select, insert, update, delete on all tables in schema gatehouse to gatehouse_app;
