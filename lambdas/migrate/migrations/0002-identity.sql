-- Sessions, keys, clients, roles, grants, invitations, issuers, and an audit that can't be rewritten.
--
-- Two walls between tenants: every statement names its organisation, and row-level security compares it with the one
-- that the transaction was opened for (lambdas/shared/stores/tenancy.ts). `gatehouse_app` stands behind that wall.
-- `gatehouse_auth` is the login of the function that signs people in: it has to find a user, a session or a client
-- before it can know the tenant, so it sees all of them; nobody else sees a password's hash.

do $$
begin
  if not exists (select from pg_roles where rolname = 'gatehouse_auth') then
    create role gatehouse_auth login;
  end if;
end
$$;
grant rds_iam to gatehouse_auth;
grant usage on schema gatehouse to gatehouse_auth;

-- The tenant and the user that this transaction speaks for; null outside of one, and null equals nothing.
create function gatehouse.organisation() returns uuid language sql stable
  return nullif(current_setting('gatehouse.organisation', true), '')::uuid;
create function gatehouse.caller() returns uuid language sql stable
  return nullif(current_setting('gatehouse.user', true), '')::uuid;

alter table gatehouse.organisations
  add plan text not null default 'free' check (plan in ('free', 'pro', 'enterprise', 'custom')),
  add version integer not null default 1,
  add updated_at timestamptz not null default now();

alter table gatehouse.users
  add status text not null default 'active' check (status in ('active', 'disabled')),
  add external_issuer text,
  add external_subject text,
  -- Counts changes of the password, not new hashes of the same: a sign-in that began before one opens no session after.
  add password_version integer not null default 1,
  add updated_at timestamptz not null default now(),
  alter email drop not null,
  drop constraint users_email_unique,
  add constraint users_external check ((external_issuer is null) = (external_subject is null)),
  add constraint users_own_email check (external_issuer is not null or email is not null);
-- No issuer and subject are unique: an organisation may trust keys of its own under anybody's name. Such users' ids are
-- made of issuer, subject and who trusts the issuer (lambdas/authorizer/bearer-of.ts): one account each, never another's.
-- An issuer's word on an address proves nothing about our own accounts: it may say one that is taken, and links nothing.
create unique index users_email_unique on gatehouse.users (email) where external_issuer is null;

-- One row a member. Who was removed stays as a row, so that an issuer's still valid token can't bring them back.
create table gatehouse.members (
  organisation_id uuid not null references gatehouse.organisations on delete cascade,
  user_id uuid not null references gatehouse.users on delete cascade,
  roles text[] not null check (cardinality(roles) between 1 and 20),
  -- When the roles were last said by an external issuer: an older token does not bring older roles back.
  roles_said_at timestamptz,
  removed_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (organisation_id, user_id)
);
create index members_by_user on gatehouse.members (user_id);
insert into gatehouse.members (organisation_id, user_id, roles, created_at)
  select organisation_id, user_id, array_agg(role order by role), min(created_at)
  from gatehouse.memberships group by organisation_id, user_id;
drop table gatehouse.memberships;

create table gatehouse.workspaces (
  id uuid primary key default gen_random_uuid(),
  organisation_id uuid not null references gatehouse.organisations on delete cascade,
  name text not null check (length(name) between 1 and 200),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (organisation_id, id),
  constraint workspaces_name_unique unique (organisation_id, name)
);

create table gatehouse.workspace_members (
  organisation_id uuid not null,
  workspace_id uuid not null,
  user_id uuid not null,
  roles text[] not null check (cardinality(roles) between 1 and 20),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, user_id),
  foreign key (organisation_id, workspace_id) references gatehouse.workspaces (organisation_id, id) on delete cascade,
  foreign key (organisation_id, user_id) references gatehouse.members on delete cascade
);

create table gatehouse.roles (
  organisation_id uuid not null references gatehouse.organisations on delete cascade,
  name text not null check (name ~ '^[a-z][a-z0-9_-]{0,62}$' and name not in ('admin', 'editor', 'viewer', 'api_user')),
  description text not null default '' check (length(description) <= 500),
  permissions text[] not null,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (organisation_id, name)
);

create table gatehouse.grants (
  id uuid primary key default gen_random_uuid(),
  organisation_id uuid not null references gatehouse.organisations on delete cascade,
  -- `user:<id>`, `api_key:<id>`, `client:<id>`
  subject text not null check (subject ~ '^(user|api_key|client):[A-Za-z0-9-]{1,64}$'),
  -- `webhook:we_1`
  resource text not null check (resource ~ '^[a-z_]{1,40}:[A-Za-z0-9_-]{1,100}$'),
  role text not null,
  effect text not null check (effect in ('allow', 'deny')),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint grants_unique unique (organisation_id, subject, resource, role)
);
create index grants_by_organisation on gatehouse.grants (organisation_id, created_at, id);

create table gatehouse.invitations (
  id uuid primary key default gen_random_uuid(),
  organisation_id uuid not null references gatehouse.organisations on delete cascade,
  email text not null check (email = lower(email)),
  roles text[] not null check (cardinality(roles) between 1 and 20),
  token_digest bytea not null unique,
  invited_by text not null,
  expires_at timestamptz not null,
  accepted_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
-- One open invitation an address; one that has expired makes room when the next is sent.
create unique index invitations_open on gatehouse.invitations (organisation_id, email) where accepted_at is null;
create index invitations_by_organisation on gatehouse.invitations (organisation_id, created_at, id);

create table gatehouse.api_keys (
  id text primary key check (id ~ '^[a-z0-9]{16}$'),
  organisation_id uuid not null references gatehouse.organisations on delete cascade,
  workspace_id uuid,
  name text not null check (length(name) between 1 and 200),
  -- The key may do what is in its scopes and what its owner may do: never more than either.
  owner_id uuid not null,
  scopes text[] not null,
  ip_ranges text[] not null default '{}',
  plan text check (plan in ('free', 'pro', 'enterprise', 'custom')),
  expires_at timestamptz,
  disabled_at timestamptz,
  -- The key that took this one's place when it was rotated.
  replaced_by text,
  last_used_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (organisation_id, owner_id) references gatehouse.members on delete cascade,
  foreign key (organisation_id, workspace_id) references gatehouse.workspaces (organisation_id, id) on delete cascade
);
create index api_keys_by_organisation on gatehouse.api_keys (organisation_id, created_at, id);

-- OAuth clients: confidential ones act for themselves (client_credentials), public ones for people (code with PKCE).
create table gatehouse.clients (
  id uuid primary key default gen_random_uuid(),
  organisation_id uuid not null references gatehouse.organisations on delete cascade,
  name text not null check (length(name) between 1 and 200),
  kind text not null check (kind in ('confidential', 'public')),
  -- HMAC-SHA256 of the secret under the pepper, in hex; the one before it for as long as the rotation overlaps
  secret_hash text,
  previous_secret_hash text,
  previous_until timestamptz,
  redirect_uris text[] not null default '{}',
  scopes text[] not null default '{}',
  plan text check (plan in ('free', 'pro', 'enterprise', 'custom')),
  disabled_at timestamptz,
  last_used_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint clients_secret check ((kind = 'confidential') = (secret_hash is not null))
);
create index clients_by_organisation on gatehouse.clients (organisation_id, created_at, id);

-- A session is a refresh-token family. The live copy in Redis is made from this row.
create table gatehouse.sessions (
  id uuid primary key default gen_random_uuid(),
  organisation_id uuid not null references gatehouse.organisations on delete cascade,
  user_id uuid not null,
  workspace_id uuid,
  client_id text not null,
  device text not null default '',
  address text not null default '',
  created_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  -- Slides with each refresh, and never past `ends_at`.
  expires_at timestamptz not null,
  ends_at timestamptz not null,
  ended_at timestamptz,
  ended_why text,
  foreign key (organisation_id, user_id) references gatehouse.members on delete cascade,
  foreign key (organisation_id, workspace_id) references gatehouse.workspaces (organisation_id, id) on delete cascade
);
create index sessions_by_user on gatehouse.sessions (organisation_id, user_id, created_at, id);

create table gatehouse.refresh_tokens (
  digest bytea primary key,
  session_id uuid not null references gatehouse.sessions on delete cascade,
  created_at timestamptz not null default now(),
  -- When its successor was made: shown again later than the grace allows, it ends the session.
  rotated_at timestamptz
);
create index refresh_tokens_by_session on gatehouse.refresh_tokens (session_id);

create table gatehouse.authorization_codes (
  digest bytea primary key,
  organisation_id uuid not null references gatehouse.organisations on delete cascade,
  user_id uuid not null references gatehouse.users on delete cascade,
  workspace_id uuid,
  client_id text not null,
  redirect_uri text not null,
  code_challenge text not null,
  device text not null default '',
  address text not null default '',
  expires_at timestamptz not null,
  -- The session that it was exchanged for: shown a second time, it ends that session (RFC 6749 section 4.1.2).
  session_id uuid
);

-- Single access tokens that were revoked before their time; gone when they would have expired.
create table gatehouse.revoked_tokens (
  token_id text primary key,
  organisation_id uuid not null references gatehouse.organisations on delete cascade,
  subject text not null,
  expires_at timestamptz not null
);
create index revoked_tokens_by_subject on gatehouse.revoked_tokens (organisation_id, subject);

-- Issuers of somebody else whose tokens an organisation accepts.
create table gatehouse.issuers (
  id uuid primary key default gen_random_uuid(),
  organisation_id uuid not null references gatehouse.organisations on delete cascade,
  issuer text not null,
  audience text not null,
  settings jsonb not null,
  disabled_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- A token names its issuer and its audience: both together say whose it is.
  constraint issuers_unique unique (issuer, audience)
);
create index issuers_by_organisation on gatehouse.issuers (organisation_id, created_at, id);

-- Answers to creations that carried an Idempotency-Key, for a day. Secrets are derived anew, never kept.
create table gatehouse.idempotency (
  organisation_id uuid not null references gatehouse.organisations on delete cascade,
  subject text not null,
  operation text not null,
  key text not null,
  fingerprint bytea not null,
  response jsonb,
  created_at timestamptz not null default now(),
  primary key (organisation_id, subject, operation, key)
);

-- The audit. `record` is the text that was hashed; the columns that filters use are computed from it, so that neither
-- can be changed without the other. Rows of no tenant (a login of nobody) stand under the nil organisation.
create table gatehouse.audit_log (
  organisation_id uuid not null,
  seq bigint not null check (seq > 0),
  at timestamptz not null,
  record text not null,
  previous bytea not null,
  hash bytea not null,
  -- In the order of bytes, so that an index finds a prefix too.
  action text collate "C" generated always as ((record::jsonb) ->> 'action') stored,
  actor text collate "C" generated always as ((record::jsonb) ->> 'actor') stored,
  target text collate "C" generated always as ((record::jsonb) ->> 'target') stored,
  outcome text collate "C" generated always as ((record::jsonb) ->> 'outcome') stored,
  primary key (organisation_id, seq, at)
) partition by range (at);
create index audit_by_action on gatehouse.audit_log (organisation_id, action, seq);
create index audit_by_actor on gatehouse.audit_log (organisation_id, actor, seq);
create index audit_by_target on gatehouse.audit_log (organisation_id, target, seq);
create index audit_refusals on gatehouse.audit_log (organisation_id, seq) where outcome = 'refused';
-- What no month takes is kept all the same.
create table gatehouse.audit_log_other partition of gatehouse.audit_log default;
alter table gatehouse.audit_log_other enable row level security;

create table gatehouse.audit_heads (
  organisation_id uuid primary key,
  seq bigint not null,
  hash bytea not null
);

-- Partitions for this month and the `months` after it. Run by the migrations of every deploy. Where no deploy came for so
-- long that a month's rows are among the others, they move: the table can't be attached while they stand there.
create function gatehouse.make_audit_partitions(months integer) returns void language plpgsql as $$
declare
  first date := date_trunc('month', now() at time zone 'utc')::date;
  since timestamptz;
  until timestamptz;
  name text;
begin
  for i in 0..months loop
    since := (first + make_interval(months => i))::timestamp at time zone 'utc';
    until := (first + make_interval(months => i + 1))::timestamp at time zone 'utc';
    name := 'audit_log_' || to_char(since at time zone 'utc', 'YYYY_MM');
    continue when to_regclass('gatehouse.' || name) is not null;
    execute format('create table gatehouse.%I (like gatehouse.audit_log including all)', name);
    -- Nobody reads a partition by its own name: what the policies of the whole say would not count there.
    execute format('alter table gatehouse.%I enable row level security', name);
    if exists (select from gatehouse.audit_log_other o where o.at >= since and o.at < until) then
      lock table gatehouse.audit_log_other in access exclusive mode;
      execute format('with moved as (delete from gatehouse.audit_log_other where at >= %L and at < %L
          returning organisation_id, seq, at, record, previous, hash)
        insert into gatehouse.%I (organisation_id, seq, at, record, previous, hash) select * from moved',
        since, until, name);
    end if;
    execute format('alter table gatehouse.audit_log attach partition gatehouse.%I for values from (%L) to (%L)',
      name, since, until);
  end loop;
end
$$;
revoke execute on function gatehouse.make_audit_partitions from public;
select gatehouse.make_audit_partitions(24);

-- How a link is hashed; docs/identity/audit.md says it for those who check an export themselves. Stable, as `convert_to`
-- is: declared immutable it would not be inlined, and checking a chain would take more than twice the time.
create function gatehouse.audit_hash(previous bytea, seq bigint, at timestamptz, record text) returns bytea
  language sql stable
  return sha256(convert_to(encode(previous, 'hex') || '.' || seq || '.'
    || (extract(epoch from at) * 1000000)::bigint || '.' || record, 'UTF8'));

-- The only way in: appends to the chain of an organisation. Its head row is locked, so that links have one order.
create function gatehouse.audit_append(organisation uuid, record text) returns bigint
  language plpgsql security definer set search_path = pg_catalog as $$
declare
  head gatehouse.audit_heads;
  moment timestamptz;
  link bytea;
begin
  if session_user = 'gatehouse_app' and organisation is distinct from gatehouse.organisation() then
    raise exception 'audit of another organisation' using errcode = 'insufficient_privilege';
  end if;
  insert into gatehouse.audit_heads values (organisation, 0, '') on conflict do nothing;
  select * into head from gatehouse.audit_heads h where h.organisation_id = organisation for update;
  moment := clock_timestamp();
  link := gatehouse.audit_hash(head.hash, head.seq + 1, moment, record);
  insert into gatehouse.audit_log (organisation_id, seq, at, record, previous, hash)
    values (organisation, head.seq + 1, moment, record, head.hash, link);
  update gatehouse.audit_heads h set seq = head.seq + 1, hash = link where h.organisation_id = organisation;
  return head.seq + 1;
end
$$;
revoke execute on function gatehouse.audit_append from public;
grant execute on function gatehouse.audit_append to gatehouse_app, gatehouse_auth;

-- Checks at most `most` links of an organisation's chain, those behind the link `behind`, in the order of the chain and in
-- one snapshot. Says how long the chain is by its head, up to which link it was checked, and the first that does not hold:
-- `altered` (its hash is not that of its content), `unlinked` (it does not hold the hash of the one before, or the head
-- is not at it), `missing`, or `duplicate`.
create function gatehouse.audit_verify(wanted uuid, behind bigint, most integer)
  returns table (links bigint, head bytea, checked bigint, broken bigint, why text)
  language plpgsql stable security definer set search_path = pg_catalog as $$
declare
  is_end boolean;
begin
  if session_user = 'gatehouse_app' and wanted is distinct from gatehouse.organisation() then
    raise exception 'audit of another organisation' using errcode = 'insufficient_privilege';
  end if;
  select h.seq, h.hash into links, head from gatehouse.audit_heads h where h.organisation_id = wanted;
  links := coalesce(links, 0);
  head := coalesce(head, '');
  with page as (
    select l.seq, l.at, l.record, l.previous, l.hash from gatehouse.audit_log l
    where l.organisation_id = wanted and l.seq >= behind order by l.seq, l.at limit most + 1
  ), linked as (
    -- The link `behind` is where the check begins, and not itself checked; before the first there is none.
    select p.*, coalesce(lag(p.seq) over w, greatest(behind - 1, 0)) as seq_before,
      coalesce(lag(p.hash) over w, '') as hash_before
    from page p window w as (order by p.seq, p.at)
  ), judged as (
    select j.seq, j.hash, case
        when j.seq = j.seq_before then 'duplicate'
        when j.seq > j.seq_before + 1 then 'missing'
        when j.seq = behind then null
        when j.hash is distinct from gatehouse.audit_hash(j.previous, j.seq, j.at, j.record) then 'altered'
        when j.previous is distinct from j.hash_before then 'unlinked'
        when j.seq > links or (j.seq = links and j.hash <> head) then 'unlinked'
      end as fault,
      case when j.seq > j.seq_before + 1 then j.seq_before + 1 else j.seq end as place
    from linked j
  )
  select coalesce(max(j.seq), greatest(behind - 1, 0)), min(j.place) filter (where j.fault is not null),
      (array_agg(j.fault order by j.place) filter (where j.fault is not null))[1], count(*) <= most
    into checked, broken, why, is_end from judged j;
  -- The end is cut off: nothing stands where the head points to, or where the last check ended.
  if broken is null and is_end and checked < greatest(links, behind) then
    broken := checked + 1;
    why := 'missing';
  end if;
  return next;
end
$$;
revoke execute on function gatehouse.audit_verify from public;
grant execute on function gatehouse.audit_verify to gatehouse_app;

-- What each login may touch at all. Nobody but the owner may change the audit, and only gatehouse_auth reads hashes.
revoke all on all tables in schema gatehouse from gatehouse_app;
grant select, insert, update, delete on
  gatehouse.organisations, gatehouse.members, gatehouse.workspaces, gatehouse.workspace_members, gatehouse.roles,
  gatehouse.grants, gatehouse.invitations, gatehouse.api_keys, gatehouse.clients, gatehouse.sessions,
  gatehouse.revoked_tokens, gatehouse.issuers, gatehouse.idempotency
  to gatehouse_app, gatehouse_auth;
grant select (id, email, name, status, external_issuer, external_subject, created_at, updated_at),
  insert (id, email, name, external_issuer, external_subject) on gatehouse.users to gatehouse_app;
grant select on gatehouse.audit_log, gatehouse.audit_heads to gatehouse_app;
grant select, insert, update on gatehouse.users to gatehouse_auth;
grant select, insert, update, delete on gatehouse.refresh_tokens, gatehouse.authorization_codes to gatehouse_auth;

do $$
declare
  name text;
begin
  foreach name in array array['members', 'workspaces', 'workspace_members', 'roles', 'grants', 'invitations',
    'api_keys', 'clients', 'sessions', 'revoked_tokens', 'issuers', 'idempotency'] loop
    execute format('create policy tenant on gatehouse.%I to gatehouse_app
      using (organisation_id = gatehouse.organisation()) with check (organisation_id = gatehouse.organisation())', name);
    execute format('create policy sign_in on gatehouse.%I to gatehouse_auth using (true) with check (true)', name);
    execute format('alter table gatehouse.%I enable row level security', name);
  end loop;
  foreach name in array array['audit_log', 'audit_heads'] loop
    execute format('create policy tenant on gatehouse.%I for select to gatehouse_app
      using (organisation_id = gatehouse.organisation())', name);
    execute format('alter table gatehouse.%I enable row level security', name);
  end loop;
  foreach name in array array['organisations', 'users', 'refresh_tokens', 'authorization_codes'] loop
    execute format('create policy sign_in on gatehouse.%I to gatehouse_auth using (true) with check (true)', name);
    execute format('alter table gatehouse.%I enable row level security', name);
  end loop;
end
$$;

-- A user sees where they belong: the list of one's own organisations crosses tenants.
create policy own on gatehouse.members for select to gatehouse_app using (user_id = gatehouse.caller());
create policy tenant on gatehouse.organisations to gatehouse_app
  using (id = gatehouse.organisation()) with check (id = gatehouse.organisation());
create policy own on gatehouse.organisations for select to gatehouse_app using (exists (
  select from gatehouse.members m
  where m.organisation_id = organisations.id and m.user_id = gatehouse.caller() and m.removed_at is null));
create policy members on gatehouse.users for select to gatehouse_app
  using (id = gatehouse.caller() or exists (
    select from gatehouse.members m where m.user_id = users.id and m.organisation_id = gatehouse.organisation()));
create policy first_sight on gatehouse.users for insert to gatehouse_app with check (external_issuer is not null);
