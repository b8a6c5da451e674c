-- What modules keep as files: which path of which module and platform has which content. The contents stand on disk.

CREATE TABLE klods.module_role (
    role   text PRIMARY KEY,
    module text NOT NULL,
    writes boolean NOT NULL
);
COMMENT ON TABLE klods.module_role IS 'which module works in which role; long names of roles are cut, so they do not say it';

CREATE TABLE klods.hub (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    id        uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO klods.hub DEFAULT VALUES;
COMMENT ON TABLE klods.hub IS 'whose database this is; a backup of it, brought back, is the same hub';

CREATE TABLE klods.stored_file (
    module      text NOT NULL,
    platform_id bigint NOT NULL REFERENCES klods.platform (id),
    path        text NOT NULL CHECK (length(path) BETWEEN 1 AND 200),
    sha256      text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size        bigint NOT NULL CHECK (size >= 0),
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (module, platform_id, path)
);
CREATE INDEX stored_file_sha256_idx ON klods.stored_file (sha256);

-- Everybody may call the functions below that have SECURITY DEFINER. What each may do follows from the role in force:
-- the name of the module that comes along counts only where modules have no roles, and must be true everywhere else.
CREATE FUNCTION klods.calling_module(claimed text, writing boolean) RETURNS text LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    present text := current_setting('role');
BEGIN
    IF klods.platform() IS NULL THEN
        RAISE insufficient_privilege USING MESSAGE = 'no unit of a module is running';
    ELSIF present = 'none' AND pg_has_role(session_user, current_user, 'usage') THEN
        RETURN claimed;
    ELSIF EXISTS (SELECT FROM klods.module_role r
                   WHERE r.role = present AND r.module = claimed AND (r.writes OR NOT writing)) THEN
        RETURN claimed;
    END IF;
    RAISE insufficient_privilege USING MESSAGE = format('%s may not do this for the module %s', present, claimed);
END $$;
REVOKE EXECUTE ON FUNCTION klods.calling_module(text, boolean) FROM PUBLIC;

CREATE FUNCTION klods.note_outgoing(noted jsonb) RETURNS void LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('klods.dry', true) = 'on' THEN
        INSERT INTO klods.captured (place, op, new) VALUES ('klods.outgoing', noted ->> 'op', noted);
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION klods.note_outgoing(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION klods.note_outgoing(jsonb) IS 'remembers, in a dry run, what would have gone out';

CREATE FUNCTION klods.store_file(of_module text, at_path text, hash text, bytes bigint) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO klods.stored_file AS f (module, platform_id, path, sha256, size)
    VALUES (klods.calling_module(of_module, true), klods.platform(), at_path, hash, bytes)
    ON CONFLICT (module, platform_id, path) DO UPDATE SET sha256 = excluded.sha256, size = excluded.size, at = now();
    PERFORM klods.note_outgoing(jsonb_build_object('kind', 'file', 'op', 'write', 'target', at_path, 'size', bytes));
END $$;

CREATE FUNCTION klods.drop_file(of_module text, at_path text) RETURNS boolean LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bytes bigint;
BEGIN
    DELETE FROM klods.stored_file f
     WHERE f.module = klods.calling_module(of_module, true) AND f.platform_id = klods.platform() AND f.path = at_path
    RETURNING f.size INTO bytes;
    IF bytes IS NULL THEN
        RETURN false;
    END IF;
    PERFORM klods.note_outgoing(jsonb_build_object('kind', 'file', 'op', 'delete', 'target', at_path, 'size', bytes));
    RETURN true;
END $$;

CREATE FUNCTION klods.stored_files(of_module text, beginning text)
    RETURNS TABLE (path text, sha256 text, size bigint, at timestamptz) LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    caller text := klods.calling_module(of_module, false);
BEGIN
    RETURN QUERY SELECT f.path, f.sha256, f.size, f.at FROM klods.stored_file f
                  WHERE f.module = caller AND f.platform_id = klods.platform() AND starts_with(f.path, beginning)
                  ORDER BY f.path;
END $$;

CREATE FUNCTION klods.stored_file(of_module text, at_path text)
    RETURNS TABLE (path text, sha256 text, size bigint, at timestamptz) LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    caller text := klods.calling_module(of_module, false);
BEGIN
    RETURN QUERY SELECT f.path, f.sha256, f.size, f.at FROM klods.stored_file f
                  WHERE f.module = caller AND f.platform_id = klods.platform() AND f.path = at_path;
END $$;

CREATE OR REPLACE FUNCTION klods.captured_changes(most integer) RETURNS jsonb LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH mine AS (
        SELECT *, row_number() OVER (PARTITION BY place = 'klods.outgoing' ORDER BY at, ctid) AS number
          FROM klods.captured WHERE transaction = pg_current_xact_id_if_assigned()
    ), of_tables AS (
        SELECT * FROM mine WHERE place <> 'klods.outgoing'
    ), counted AS (
        SELECT place, jsonb_build_array(count(*) FILTER (WHERE op = 'insert'), count(*) FILTER (WHERE op = 'update'),
                                        count(*) FILTER (WHERE op = 'delete')) AS counts
          FROM of_tables GROUP BY place
    )
    SELECT jsonb_build_object(
        'counts', (SELECT coalesce(jsonb_object_agg(place, counts), '{}') FROM counted),
        'rows', (SELECT coalesce(jsonb_agg(jsonb_build_object('table', place, 'op', op, 'old', old, 'new', new)
                                           ORDER BY number), '[]') FROM of_tables WHERE number <= most),
        'outgoing', (SELECT coalesce(jsonb_agg(new ORDER BY number), '[]') FROM mine
                      WHERE place = 'klods.outgoing' AND number <= most))
$$;
