create table somebody_elses (id bigint primary key, platform_id bigint);
