-- Events in one order that no reader can fall behind. An event gets its position after its commit, by one writer at a time
-- (`store/event_feed.rs`), so an event that is committed late comes late instead of being skipped.
ALTER TABLE cloakroom_events ADD COLUMN position BIGINT;
UPDATE cloakroom_events SET position = numbered.number
    FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS number FROM cloakroom_events) AS numbered
    WHERE numbered.id = cloakroom_events.id;
CREATE UNIQUE INDEX cloakroom_events_by_position ON cloakroom_events (position) WHERE position IS NOT NULL;
CREATE INDEX cloakroom_events_unplaced ON cloakroom_events (id) WHERE position IS NULL;
-- One row. Whoever holds its lock gives out positions.
CREATE TABLE cloakroom_event_feed (
    id    BIGINT PRIMARY KEY,
    last  BIGINT NOT NULL,             -- the highest position that was given out
    swept BIGINT NOT NULL              -- the highest position that was removed
);
INSERT INTO cloakroom_event_feed (id, last, swept) SELECT 1, COALESCE(MAX(position), 0), 0 FROM cloakroom_events;
-- The hooks of embedding apps, and what each of them has handled.
CREATE TABLE cloakroom_event_cursors (
    name     TEXT PRIMARY KEY,
    position BIGINT NOT NULL,          -- the last event that was handled
    attempts BIGINT NOT NULL DEFAULT 0, -- how often the next one has failed
    holder   TEXT NOT NULL DEFAULT '', -- the process that has the lease
    due_at   BIGINT NOT NULL,          -- the end of the lease, or of the wait after a failure
    seen_at  BIGINT NOT NULL           -- when a process last ran this hook
);
