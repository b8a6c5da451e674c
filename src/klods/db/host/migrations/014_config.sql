-- What people and modules have said about the settings of modules; below the environment, above the module's own defaults.

CREATE TABLE klods.module_config (
    module      text NOT NULL,
    platform_id bigint NOT NULL REFERENCES klods.platform (id),
    values      jsonb NOT NULL DEFAULT '{}',
    secrets     jsonb NOT NULL DEFAULT '{}',
    version     bigint NOT NULL DEFAULT 0,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    updated_by  text NOT NULL DEFAULT '',
    PRIMARY KEY (module, platform_id)
);
COMMENT ON COLUMN klods.module_config.secrets IS 'encrypted with a key that is not in the database';

CREATE TABLE klods.module_config_history (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT now(),
    actor       text NOT NULL,
    module      text NOT NULL,
    platform_id bigint NOT NULL,
    version     bigint NOT NULL,
    changes     jsonb NOT NULL,
    why         text NOT NULL DEFAULT '',
    undoes      bigint REFERENCES klods.module_config_history (id)
);
CREATE INDEX module_config_history_module_idx ON klods.module_config_history (module, platform_id, id);
COMMENT ON COLUMN klods.module_config_history.changes IS 'name, before and after; of a secret only that it changed';
CREATE TRIGGER module_config_history_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON klods.module_config_history
    FOR EACH STATEMENT EXECUTE FUNCTION klods.refuse_change();

CREATE TABLE klods.module_config_before (
    history_id  bigint PRIMARY KEY REFERENCES klods.module_config_history (id),
    module      text NOT NULL,
    platform_id bigint NOT NULL,
    secrets     jsonb NOT NULL
);
COMMENT ON TABLE klods.module_config_before IS
    'the secrets that a change replaced, still encrypted, so that it can be undone; apart from the history, because a new key rewrites them';

CREATE FUNCTION klods.announce_config() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made bigint;
BEGIN
    UPDATE klods.generation SET number = number + 1 RETURNING number INTO made;
    INSERT INTO klods.module_log (actor, action, code, platform_id, outcome, plan, after, why, generation)
    VALUES (NEW.actor, 'config', NEW.module, NEW.platform_id, 'done',
            jsonb_build_object('target', NEW.module, 'config', NEW.id),
            (SELECT string_agg(c ->> 'name', ', ') FROM jsonb_array_elements(NEW.changes) c), NEW.why, made);
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION klods.announce_config() FROM PUBLIC;
-- At the commit, so that the row of the generation, which every change needs, is held for a moment only.
CREATE CONSTRAINT TRIGGER module_config_history_announce AFTER INSERT ON klods.module_config_history
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION klods.announce_config();

CREATE FUNCTION klods.write_config(of_module text, of_platform bigint, expected bigint, new_values jsonb, new_secrets jsonb,
                                   by_whom text, what jsonb, because text, taking_back bigint) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old klods.module_config;
    entry bigint;
BEGIN
    INSERT INTO klods.module_config (module, platform_id) VALUES (of_module, of_platform) ON CONFLICT DO NOTHING;
    SELECT * INTO old FROM klods.module_config c
     WHERE c.module = of_module AND c.platform_id = of_platform FOR UPDATE;
    IF old.version <> expected THEN
        RETURN NULL;
    END IF;
    UPDATE klods.module_config c
       SET values = new_values, secrets = new_secrets, version = expected + 1, updated_at = now(), updated_by = by_whom
     WHERE c.module = of_module AND c.platform_id = of_platform;
    INSERT INTO klods.module_config_history (actor, module, platform_id, version, changes, why, undoes)
    VALUES (by_whom, of_module, of_platform, expected + 1, what, because, taking_back) RETURNING id INTO entry;
    INSERT INTO klods.module_config_before (history_id, module, platform_id, secrets)
    VALUES (entry, of_module, of_platform, old.secrets);
    RETURN expected + 1;
END $$;
REVOKE EXECUTE ON FUNCTION
    klods.write_config(text, bigint, bigint, jsonb, jsonb, text, jsonb, text, bigint) FROM PUBLIC;

CREATE FUNCTION klods.own_config(of_module text)
    RETURNS TABLE (stored_values jsonb, stored_secrets jsonb, stored_version bigint) LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    caller text := klods.calling_module(of_module, false);
BEGIN
    RETURN QUERY SELECT c.values, c.secrets, c.version FROM klods.module_config c
                  WHERE c.module = caller AND c.platform_id = klods.platform();
END $$;

CREATE FUNCTION klods.set_own_config(of_module text, expected bigint, new_values jsonb, new_secrets jsonb,
                                     by_whom text, what jsonb) RETURNS bigint LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    caller text := klods.calling_module(of_module, true);
BEGIN
    RETURN klods.write_config(caller, klods.platform(), expected, new_values, new_secrets,
                              btrim(by_whom || ' (module ' || caller || ')'), what, '', NULL);
END $$;
