-- What the people of a platform have changed about its menus; what is not said here is as the modules say.

CREATE TABLE klods.menu_change (
    platform_id bigint NOT NULL REFERENCES klods.platform (id),
    frontend    text NOT NULL CHECK (frontend IN ('admin', 'vendor')),
    module      text NOT NULL,
    item        text NOT NULL,
    hidden      boolean NOT NULL DEFAULT false,
    label       text NOT NULL DEFAULT '',
    icon        text NOT NULL DEFAULT '',
    menu_group  text,
    position    integer,
    PRIMARY KEY (platform_id, frontend, module, item)
);
COMMENT ON COLUMN klods.menu_change.menu_group IS 'null is the group of the module, empty is none';
