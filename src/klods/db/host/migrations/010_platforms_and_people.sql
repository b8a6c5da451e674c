-- Platforms with their domain names, the vendors on them, and what people may do: roles are lists of permission codes.

ALTER TABLE klods.platform
    ADD COLUMN locale      text NOT NULL DEFAULT '',
    ADD COLUMN archived_at timestamptz;
COMMENT ON COLUMN klods.platform.locale IS 'the language for people who have chosen none; empty: what their browser asks for';

CREATE TABLE klods.platform_domain (
    domain      text PRIMARY KEY CHECK (domain ~ '^[a-z0-9.:_-]{1,253}$'),
    platform_id bigint NOT NULL REFERENCES klods.platform (id)
);
CREATE INDEX platform_domain_platform_id_idx ON klods.platform_domain (platform_id);

-- Plural, because modules written for other hosts refer to vendors.id.
CREATE TABLE klods.vendors (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    platform_id bigint NOT NULL REFERENCES klods.platform (id),
    code        text NOT NULL CHECK (code ~ '^[a-z][a-z0-9]*([_-][a-z0-9]+)*$' AND length(code) <= 40),
    name        text NOT NULL CHECK (name <> ''),
    created_at  timestamptz NOT NULL DEFAULT now(),
    archived_at timestamptz,
    UNIQUE (platform_id, code),
    UNIQUE (id, platform_id)
);

ALTER TABLE klods.user_account
    ADD COLUMN email     text NOT NULL DEFAULT '',
    ADD COLUMN locale    text NOT NULL DEFAULT '',
    ADD COLUMN vendor_id bigint,
    ADD FOREIGN KEY (vendor_id, platform_id) REFERENCES klods.vendors (id, platform_id),
    ADD CHECK (vendor_id IS NULL OR (kind = 'vendor' AND platform_id IS NOT NULL));
CREATE INDEX user_account_email_idx ON klods.user_account (lower(email)) WHERE email <> '';
CREATE INDEX user_account_vendor_id_idx ON klods.user_account (vendor_id);

ALTER TABLE klods.login_link ADD COLUMN purpose text NOT NULL DEFAULT 'sign_in' CHECK (purpose IN ('sign_in', 'password'));

CREATE TABLE klods.role (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code        text NOT NULL CHECK (code ~ '^[a-z][a-z0-9]*([_-][a-z0-9]+)*$' AND length(code) <= 40),
    name        text NOT NULL CHECK (name <> ''),
    kind        text NOT NULL CHECK (kind IN ('admin', 'vendor')),
    platform_id bigint REFERENCES klods.platform (id),
    is_builtin  boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX role_code_key ON klods.role (coalesce(platform_id, 0), code);
COMMENT ON COLUMN klods.role.platform_id IS 'the only platform on which it counts; null is every platform';

CREATE TABLE klods.role_permission (
    role_id    bigint NOT NULL REFERENCES klods.role (id) ON DELETE CASCADE,
    permission text NOT NULL,
    PRIMARY KEY (role_id, permission)
);
CREATE TABLE klods.user_role (
    user_id bigint NOT NULL REFERENCES klods.user_account (id) ON DELETE CASCADE,
    role_id bigint NOT NULL REFERENCES klods.role (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, role_id)
);
CREATE INDEX user_role_role_id_idx ON klods.user_role (role_id);

INSERT INTO klods.role (code, name, kind, is_builtin)
VALUES ('administrator', 'Administrator', 'admin', true), ('vendor', 'Vendor', 'vendor', true);
INSERT INTO klods.role_permission (role_id, permission) SELECT id, '*' FROM klods.role;
-- Whoever was there before could do everything of their kind.
INSERT INTO klods.user_role (user_id, role_id) SELECT u.id, r.id FROM klods.user_account u JOIN klods.role r USING (kind);

CREATE FUNCTION klods.permissions_of(of_user bigint, on_platform bigint) RETURNS text[] LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT p.permission), '{}')
      FROM klods.user_role ur
      JOIN klods.user_account u ON u.id = ur.user_id
      JOIN klods.role r ON r.id = ur.role_id AND r.kind = u.kind
      JOIN klods.role_permission p ON p.role_id = r.id
     WHERE ur.user_id = of_user AND (r.platform_id IS NULL OR r.platform_id = on_platform)
$$;
REVOKE EXECUTE ON FUNCTION klods.permissions_of(bigint, bigint) FROM PUBLIC;
