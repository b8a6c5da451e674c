create table migration_failing_items (id bigint primary key, platform_id bigint);
