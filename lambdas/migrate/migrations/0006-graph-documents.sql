-- Settings of the graph, and the documents that clients were built with.

alter table gatehouse.settings drop constraint settings_name_check;
alter table gatehouse.settings add constraint settings_name_check check (name in ('limits', 'graph', 'documents'));
