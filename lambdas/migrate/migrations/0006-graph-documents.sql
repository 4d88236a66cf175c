-- Settings of the graph, and the documents that clients were built with.

alter table gatehouse.settings drop constraint settings_name_check;
alter table gatehouse.settings add constraint settings_name_check check (name in ('limits', 'graph', 'documents'));

-- What clients were built with. Which manifests there are is the setting 'documents', whose version tells environments of
-- the graph to forget what they have kept.
create table gatehouse.graph_documents (
  client text not null check (client ~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$'),
  id text not null check (length(id) between 1 and 200),
  -- SHA-256 of the body in hex: what a document that is sent in full is known by.
  hash text not null check (hash ~ '^[0-9a-f]{64}$'),
  name text not null,
  kind text not null check (kind in ('query', 'mutation')),
  body text not null check (octet_length(body) between 1 and 65536),
  primary key (client, id)
);
create index on gatehouse.graph_documents (id);
create index on gatehouse.graph_documents (hash);

alter table gatehouse.graph_documents enable row level security;
grant select, insert, delete on gatehouse.graph_documents to gatehouse_app;
create policy anybody on gatehouse.graph_documents for select to gatehouse_app using (true);
create policy operator_adds on gatehouse.graph_documents for insert to gatehouse_app
  with check ((select gatehouse.is_operator()));
create policy operator_takes on gatehouse.graph_documents for delete to gatehouse_app
  using ((select gatehouse.is_operator()));
