-- A sign-out may be under way while its session gets another ticket: it ends the session all the same.
ALTER TABLE sessions ADD COLUMN renewed_from TEXT; -- hash of the ticket before the present one; opens nothing
CREATE INDEX sessions_by_renewed_from ON sessions (renewed_from) WHERE renewed_from IS NOT NULL;
