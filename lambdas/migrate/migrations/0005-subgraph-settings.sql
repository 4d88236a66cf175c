-- How a subgraph is asked: limits, and what goes along. It belongs to the publication, as the address does, and comes back
-- with it in a rollback. Like SubgraphSettings in lambdas/shared/graph/subgraph-settings.ts; what is left out is as everywhere.

alter table gatehouse.subgraph_versions add settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object');
