-- Rows of the log that one change wrote belong together; what an entry undid; and, afterwards, which processes had followed.

ALTER TABLE klods.module_log
    ADD COLUMN generation bigint,
    ADD COLUMN undoes bigint REFERENCES klods.module_log (id);
COMMENT ON COLUMN klods.module_log.generation IS 'the change that wrote the row; rows of one change are one entry, known by its first id';
COMMENT ON COLUMN klods.module_log.undoes IS 'the entry whose effect this one took back';
CREATE INDEX module_log_generation_idx ON klods.module_log (generation, id);
CREATE INDEX module_log_undoes_idx ON klods.module_log (undoes) WHERE undoes IS NOT NULL;

CREATE TABLE klods.module_log_acknowledgement (
    generation bigint PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT now(),
    followed   text[] NOT NULL,
    late       text[] NOT NULL,
    seconds    double precision NOT NULL
);
COMMENT ON TABLE klods.module_log_acknowledgement IS
    'who had followed when the action was answered; written after the commit, so it is a row of its own and no update';
CREATE TRIGGER module_log_acknowledgement_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON klods.module_log_acknowledgement FOR EACH STATEMENT EXECUTE FUNCTION klods.refuse_change();
