-- The registry of subgraphs, and the graphs that were composed of them. They belong to the platform and to no tenant: the
-- operator publishes, everybody's graph reads. A publication, the graph that comes of it and its audit row are one
-- transaction, which is why they stand here and not in a store of single items.

create table gatehouse.subgraphs (
  name text primary key check (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
  -- Of the publication that is in the graph. It only grows, over a rollback and a deletion too: who has seen a version
  -- never takes another publication for it.
  version integer not null,
  deleted_at timestamptz
);

-- Every publication there ever was; none is changed.
create table gatehouse.subgraph_versions (
  name text not null references gatehouse.subgraphs,
  version integer not null check (version > 0),
  url text not null check (length(url) between 1 and 2000),
  sdl text not null check (octet_length(sdl) between 1 and 262144),
  -- The earlier version that a rollback published again.
  restores integer check (restores < version),
  published_at timestamptz not null default now(),
  -- `user:<id>`, `api_key:<id>`, `client:<id>`, `deployment`
  published_by text not null,
  primary key (name, version)
);
alter table gatehouse.subgraphs add foreign key (name, version) references gatehouse.subgraph_versions
  deferrable initially deferred;

-- What was composed, one row a change of the graph. The newest is in force; an empty one has no subgraphs.
create table gatehouse.graph_artifacts (
  version integer primary key check (version > 0),
  supergraph text not null,
  api_schema text not null,
  -- [{"name", "url", "version"}]
  subgraphs jsonb not null,
  cause text not null,
  created_at timestamptz not null default now(),
  created_by text not null
);

alter table gatehouse.subgraphs enable row level security;
alter table gatehouse.subgraph_versions enable row level security;
alter table gatehouse.graph_artifacts enable row level security;
grant select, insert, update on gatehouse.subgraphs to gatehouse_app, gatehouse_auth;
grant select, insert on gatehouse.subgraph_versions, gatehouse.graph_artifacts to gatehouse_app, gatehouse_auth;

-- In a subquery, which is asked once a statement and not once a row.
create policy operator_reads on gatehouse.subgraphs for select to gatehouse_app using ((select gatehouse.is_operator()));
create policy operator_adds on gatehouse.subgraphs for insert to gatehouse_app
  with check ((select gatehouse.is_operator()));
create policy operator_changes on gatehouse.subgraphs for update to gatehouse_app
  using ((select gatehouse.is_operator())) with check ((select gatehouse.is_operator()));
create policy operator_reads on gatehouse.subgraph_versions for select to gatehouse_app
  using ((select gatehouse.is_operator()));
create policy operator_adds on gatehouse.subgraph_versions for insert to gatehouse_app
  with check ((select gatehouse.is_operator()));
create policy anybody on gatehouse.graph_artifacts for select to gatehouse_app using (true);
create policy operator_adds on gatehouse.graph_artifacts for insert to gatehouse_app
  with check ((select gatehouse.is_operator()));

-- The deployment publishes what it brings along, also where there is no operator yet; it signs in as for all else that it
-- makes in a new database.
create policy deployment on gatehouse.subgraphs to gatehouse_auth using (true) with check (true);
create policy deployment on gatehouse.subgraph_versions to gatehouse_auth using (true) with check (true);
create policy deployment on gatehouse.graph_artifacts to gatehouse_auth using (true) with check (true);
