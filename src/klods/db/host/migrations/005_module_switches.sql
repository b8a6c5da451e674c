-- What people have said about the safety switches of modules; null says nothing, and then the definition counts.

CREATE TABLE klods.module_switch (
    code        text NOT NULL,
    platform_id bigint NOT NULL REFERENCES klods.platform (id),
    read_only   boolean,
    dry_run     boolean,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (code, platform_id)
);
