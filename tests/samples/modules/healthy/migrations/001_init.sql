create table healthy_items (id bigint primary key);
