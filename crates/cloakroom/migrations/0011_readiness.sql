-- Whether this database takes writes: `/readyz` adds a row and removes it in one transaction, so none is ever seen.
CREATE TABLE cloakroom_readiness (
    id TEXT PRIMARY KEY
);
