-- What the roles of modules meet of the host's schema: one function, and nothing else in it.

CREATE TABLE klods.role_family (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    name      text NOT NULL
);
COMMENT ON TABLE klods.role_family IS 'what the names of all roles of this hub begin with; a copy of the database shares them';

CREATE FUNCTION klods.platform() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT nullif(current_setting('klods.platform', true), '')::bigint $$;
COMMENT ON FUNCTION klods.platform() IS 'the platform that the running unit works for; null outside of units';

REVOKE EXECUTE ON FUNCTION klods.refuse_change() FROM PUBLIC;
GRANT USAGE ON SCHEMA klods TO PUBLIC;
