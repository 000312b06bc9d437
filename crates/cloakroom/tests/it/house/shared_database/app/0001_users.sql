-- The tables of an app that shares its database with us, under names that were once ours.
CREATE TABLE users (id BIGINT PRIMARY KEY, nickname TEXT NOT NULL);
CREATE TABLE sessions (id BIGINT PRIMARY KEY, user_id BIGINT NOT NULL REFERENCES users (id));
CREATE TABLE limits (id BIGINT PRIMARY KEY);
CREATE INDEX sessions_by_user ON sessions (user_id);
