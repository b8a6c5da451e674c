-- Tables of modules that were set aside: each archive has a schema of its own, klods_archive_<id>, which only the host may enter.

CREATE TABLE klods.archive (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           timestamptz NOT NULL DEFAULT now(),
    code         text NOT NULL,
    prefix       text NOT NULL,
    version      text NOT NULL,
    content_hash text NOT NULL,
    revision     text NOT NULL,
    history      jsonb NOT NULL,
    loosened     jsonb NOT NULL,
    tables       jsonb NOT NULL
);
CREATE INDEX archive_code_idx ON klods.archive (code, id);
COMMENT ON COLUMN klods.archive.history IS 'the last line of the migration history about each revision that had run';
COMMENT ON COLUMN klods.archive.loosened IS 'foreign keys to tables outside of the archive, which would hold on to those';
