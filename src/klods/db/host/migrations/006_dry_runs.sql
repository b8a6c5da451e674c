-- What dry runs would change: noted by a trigger on every module's table, told before the rollback, kept for an hour.

CREATE UNLOGGED TABLE klods.captured (
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    place       text NOT NULL,
    op          text NOT NULL,
    old         jsonb,
    new         jsonb
);
CREATE INDEX captured_transaction_idx ON klods.captured (transaction);
COMMENT ON TABLE klods.captured IS 'always empty to everybody else: rows live as long as the dry transaction that wrote them';

CREATE FUNCTION klods.capture() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO klods.captured (place, op, old, new) VALUES (
        TG_TABLE_NAME, lower(TG_OP),
        CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END,
        CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END
    );
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION klods.capture() FROM PUBLIC;

CREATE FUNCTION klods.captured_changes(most integer) RETURNS jsonb LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH mine AS (
        SELECT *, row_number() OVER (ORDER BY at, ctid) AS number
          FROM klods.captured WHERE transaction = pg_current_xact_id_if_assigned()
    ), counted AS (
        SELECT place, jsonb_build_array(count(*) FILTER (WHERE op = 'insert'), count(*) FILTER (WHERE op = 'update'),
                                        count(*) FILTER (WHERE op = 'delete')) AS counts
          FROM mine GROUP BY place
    )
    SELECT jsonb_build_object(
        'counts', (SELECT coalesce(jsonb_object_agg(place, counts), '{}') FROM counted),
        'rows', (SELECT coalesce(jsonb_agg(jsonb_build_object('table', place, 'op', op, 'old', old, 'new', new)
                                           ORDER BY number), '[]') FROM mine WHERE number <= most))
$$;
COMMENT ON FUNCTION klods.captured_changes(integer) IS
    'what the running transaction has changed, for whoever runs it: of other transactions it shows nothing';

CREATE TABLE klods.dry_run (
    id          uuid PRIMARY KEY,
    module      text NOT NULL,
    platform_id bigint NOT NULL REFERENCES klods.platform (id),
    at          timestamptz NOT NULL DEFAULT now(),
    status      integer NOT NULL,
    changes     jsonb NOT NULL
);
CREATE INDEX dry_run_at_idx ON klods.dry_run (at);
