-- The first table of Sample Module. Every name begins with the module's table_prefix.

CREATE TABLE sample_table_items (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The platform (tenant) that the row belongs to: the one at work, or the first one when none is set.
    platform_id integer NOT NULL DEFAULT coalesce(nullif(current_setting('klods.platform', true), '')::integer, 1),
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    notes       text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX sample_table_items_by_name ON sample_table_items (platform_id, lower(name), id);
