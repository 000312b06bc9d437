-- What is asked for and proven by mail.

-- Everything that waits, expires and is used once. A token is an HMAC over id and nonce, made when its mail is written, so
-- nothing in here opens anything.
CREATE TABLE challenges (
    id              TEXT PRIMARY KEY,
    kind            TEXT NOT NULL,             -- signup, password_reset, email_change, email_change_undo
    nonce           TEXT NOT NULL,             -- a new one makes a new token, and the old one void
    token_hash      TEXT NOT NULL UNIQUE,      -- SHA-256 of the token
    user_id         TEXT REFERENCES users (id) ON DELETE CASCADE,
    email           TEXT,                      -- the address to prove or to give back, as it was spelled
    email_canonical TEXT,
    browser_hash    TEXT,                      -- where it was asked for, while that browser still counts
    password_hash   TEXT,                      -- of a pending signup
    data            TEXT,                      -- JSON; what else a kind needs
    code_tries      BIGINT NOT NULL DEFAULT 0,
    code_expires_at BIGINT,                    -- NULL: there is no code
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL
);
CREATE INDEX challenges_by_email ON challenges (email_canonical, kind);
CREATE INDEX challenges_by_user ON challenges (user_id);
CREATE INDEX challenges_by_browser ON challenges (browser_hash);
CREATE INDEX challenges_by_end ON challenges (expires_at);

-- Mails on their way out, written in the transaction of what they tell. A row goes when its mail has been taken.
CREATE TABLE outbox (
    id           TEXT PRIMARY KEY,             -- also the Message-ID: the same at every try
    kind         TEXT NOT NULL,
    challenge_id TEXT,
    nonce        TEXT,                         -- of the challenge, when this was written: another one has replaced it
    user_id      TEXT,
    recipient    TEXT NOT NULL,                -- for those who look after the server
    occasion     TEXT NOT NULL,                -- JSON: language, and how this came about
    attempts     BIGINT NOT NULL DEFAULT 0,
    created_at   BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,              -- the next try; the end of the lease while one is under way
    abandoned_at BIGINT,
    last_error   TEXT
);
CREATE INDEX outbox_by_due ON outbox (due_at) WHERE abandoned_at IS NULL;

-- The inbox of `cloakroom dev`; empty everywhere else.
CREATE TABLE mailbox (
    id         TEXT PRIMARY KEY,
    recipient  TEXT NOT NULL,
    subject    TEXT NOT NULL,
    body_text  TEXT NOT NULL,
    body_html  TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
