-- The example shop: what the three subgraphs under examples/subgraphs read, and the role they read it as.

-- Roles belong to the cluster, not to this database: another copy may have made it already.
do $$
begin
  if not exists (select from pg_roles where rolname = 'gatehouse_examples') then
    create role gatehouse_examples login;
  end if;
end
$$;
-- It signs in with IAM tokens only; it has no password.
grant rds_iam to gatehouse_examples;

create schema shop;

create table shop.accounts (
  id text primary key,
  name text not null
);

create table shop.products (
  id text primary key,
  name text not null,
  price_cents integer not null check (price_cents >= 0)
);

-- Each table belongs to another subgraph, so no foreign key ties them: in real life they stand in three databases.
create table shop.reviews (
  id text primary key,
  product_id text not null,
  author_id text not null,
  rating integer not null check (rating between 1 and 5),
  body text not null
);
create index on shop.reviews (product_id);
create index on shop.reviews (author_id);

grant usage on schema shop to gatehouse_examples;
grant select on all tables in schema shop to gatehouse_examples;
