-- Who may sign in, and with what: accounts, sessions, API tokens, one-time links and counted tries.
-- Secrets are kept as SHA-256 only; whoever reads these tables cannot sign in with what stands there.

CREATE TABLE klods.user_account (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login         text NOT NULL CHECK (login <> '' AND login = btrim(login)),
    name          text NOT NULL DEFAULT '',
    kind          text NOT NULL DEFAULT 'admin' CHECK (kind IN ('admin', 'vendor')),
    password_hash text,
    platform_id   bigint REFERENCES klods.platform (id),
    created_at    timestamptz NOT NULL DEFAULT now(),
    signed_in_at  timestamptz,
    disabled_at   timestamptz
);
CREATE UNIQUE INDEX user_account_login_key ON klods.user_account (lower(login));
COMMENT ON COLUMN klods.user_account.platform_id IS 'the only platform of this account; null is every platform';

CREATE TABLE klods.user_session (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash  bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    user_id     bigint NOT NULL REFERENCES klods.user_account (id) ON DELETE CASCADE,
    platform_id bigint NOT NULL REFERENCES klods.platform (id),
    created_at  timestamptz NOT NULL DEFAULT now(),
    seen_at     timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    user_agent  text NOT NULL DEFAULT '',
    ip          text NOT NULL DEFAULT ''
);
CREATE INDEX user_session_user_id_idx ON klods.user_session (user_id);
CREATE INDEX user_session_expires_at_idx ON klods.user_session (expires_at);

CREATE TABLE klods.api_token (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text NOT NULL CHECK (name <> ''),
    token_hash   bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    user_id      bigint NOT NULL REFERENCES klods.user_account (id) ON DELETE CASCADE,
    platform_id  bigint NOT NULL REFERENCES klods.platform (id),
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at   timestamptz
);
CREATE UNIQUE INDEX api_token_name_key ON klods.api_token (platform_id, name) WHERE revoked_at IS NULL;

CREATE TABLE klods.login_link (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    user_id    bigint NOT NULL REFERENCES klods.user_account (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);

CREATE TABLE klods.sign_in_try (
    key   bytea PRIMARY KEY CHECK (length(key) = 32),
    tries integer NOT NULL,
    since timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE klods.sign_in_try IS 'tries in the running window, by a digest of login and address';
