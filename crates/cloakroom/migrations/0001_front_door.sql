-- One schema for SQLite and Postgres. Ids are UUIDv7 as text, times are milliseconds since 1970 (UTC), secrets are
-- hashes. Later migrations only add: the previous version of the program works on the next schema.

-- A person with an account. A row means that the address is proven.
CREATE TABLE cloakroom_users (
    id              TEXT PRIMARY KEY,
    email           TEXT NOT NULL,             -- as its owner spelled it; mail goes here
    email_canonical TEXT NOT NULL UNIQUE,      -- how two addresses are compared
    password_hash   TEXT,                      -- PHC string; NULL: no sign-in by password
    is_active       BOOLEAN NOT NULL DEFAULT TRUE,
    is_staff        BOOLEAN NOT NULL DEFAULT FALSE,
    is_superuser    BOOLEAN NOT NULL DEFAULT FALSE,
    date_joined     BIGINT NOT NULL,
    last_login      BIGINT
);

-- A row always means "signed in".
CREATE TABLE cloakroom_sessions (
    id               TEXT PRIMARY KEY,         -- may be shown; opens nothing
    ticket_hash      TEXT NOT NULL UNIQUE,     -- SHA-256 of the cookie's value
    user_id          TEXT NOT NULL REFERENCES cloakroom_users (id) ON DELETE CASCADE,
    created_at       BIGINT NOT NULL,
    authenticated_at BIGINT NOT NULL,          -- the last proof of identity
    last_seen_at     BIGINT NOT NULL,          -- moves the idle end; written every few minutes at most
    expires_at       BIGINT NOT NULL           -- the absolute end
);
CREATE INDEX cloakroom_sessions_by_user ON cloakroom_sessions (user_id, created_at);
CREATE INDEX cloakroom_sessions_by_last_seen ON cloakroom_sessions (last_seen_at);
CREATE INDEX cloakroom_sessions_by_end ON cloakroom_sessions (expires_at);

-- Browsers in which an account has signed in: they do not meet its ceiling of tries over all networks.
CREATE TABLE cloakroom_browsers (
    user_id      TEXT NOT NULL REFERENCES cloakroom_users (id) ON DELETE CASCADE,
    browser_hash TEXT NOT NULL,                -- SHA-256 of the browser cookie's value
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, browser_hash)
);
CREATE INDEX cloakroom_browsers_by_last_seen ON cloakroom_browsers (last_seen_at);

-- Tries in a window of time. Keys are HMACs: no address lies here.
CREATE TABLE cloakroom_limits (
    key       TEXT PRIMARY KEY,
    count     BIGINT NOT NULL,
    resets_at BIGINT NOT NULL
);
CREATE INDEX cloakroom_limits_by_end ON cloakroom_limits (resets_at);

-- One row when `cloakroom dev` made this database, with sample users whose password everyone knows: `serve` refuses it.
CREATE TABLE cloakroom_development (
    mark INTEGER PRIMARY KEY DEFAULT 1 CHECK (mark = 1)
);
