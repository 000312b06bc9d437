-- Accounts that people have elsewhere.

-- An account at a provider that opens one of ours. It is known by the provider's stable subject, never by an address.
CREATE TABLE identities (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider     TEXT NOT NULL,                -- the id in the configuration
    subject      TEXT NOT NULL,                -- exact, its case kept
    label        TEXT NOT NULL,                -- what its owner knows it by
    extra        TEXT,                         -- JSON, as the provider told it; gives no rights
    tokens       TEXT,                         -- the provider's, encrypted; only with store_tokens
    linked_at    BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    UNIQUE (provider, subject)
);
CREATE INDEX identities_by_user ON identities (user_id);
