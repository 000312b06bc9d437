-- What happened, who did it, and from where. Rows are never changed, with one exception: the labels and addresses of a person
-- who is deleted are blanked. They go by age (`audit.keep`).
CREATE TABLE cloakroom_events (
    id           TEXT PRIMARY KEY,     -- UUIDv7: events lie and are read in this order
    at           BIGINT NOT NULL,
    type         TEXT NOT NULL,
    outcome      TEXT NOT NULL,        -- ok, refused
    actor_kind   TEXT NOT NULL,        -- user, browser, service, cli, system
    actor_id     TEXT,
    actor_label  TEXT,
    as_id        TEXT,                 -- who was impersonated
    as_label     TEXT,
    target_kind  TEXT,
    target_id    TEXT,
    target_label TEXT,
    network      TEXT,                 -- as far as `audit.address` keeps it
    device       TEXT,                 -- in words of ours
    session_id   TEXT,
    request_id   TEXT,
    count        BIGINT NOT NULL,      -- attempts so far in the window, where they are coalesced
    data         TEXT                  -- JSON
);
CREATE INDEX cloakroom_events_by_type ON cloakroom_events (type, id);
CREATE INDEX cloakroom_events_by_target ON cloakroom_events (target_id, id) WHERE target_id IS NOT NULL;
-- Most people act on their own account: those events are found by their target.
CREATE INDEX cloakroom_events_by_actor ON cloakroom_events (actor_id, id)
    WHERE actor_id IS NOT NULL AND actor_id IS DISTINCT FROM target_id;
CREATE INDEX cloakroom_events_by_impersonated ON cloakroom_events (as_id, id) WHERE as_id IS NOT NULL;
