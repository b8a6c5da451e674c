create index on migration_failing_items (id);

select nonsense from nowhere;
