-- How the user of a session has proven who they are.

-- The methods, in the order of their proof, with a space between: 'password', 'social email_code'. '': opened by an earlier
-- version; then a password if password_at is set, else unknown.
ALTER TABLE cloakroom_sessions ADD COLUMN amr TEXT NOT NULL DEFAULT '';
-- The last proof by a second factor, in milliseconds since 1970. NULL: none in this session.
ALTER TABLE cloakroom_sessions ADD COLUMN second_factor_at BIGINT;
