create table healthy_items (id bigint primary key, platform_id bigint);
