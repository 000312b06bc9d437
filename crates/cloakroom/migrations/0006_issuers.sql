-- A subject belongs to its issuer: the same one under another issuer may be somebody else.
ALTER TABLE cloakroom_identities ADD COLUMN issuer TEXT; -- NULL: linked before this column, under the issuer in provider_issuers

-- Under which issuer each provider of the configuration was last started.
CREATE TABLE cloakroom_provider_issuers (
    provider TEXT PRIMARY KEY,                 -- the id in the configuration
    issuer   TEXT NOT NULL
);
