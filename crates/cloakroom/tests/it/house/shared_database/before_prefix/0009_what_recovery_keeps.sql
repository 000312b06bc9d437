-- What an account recovery needs to know: which identities to keep, and how a session's user has proven who they are.

-- How the identity came to its account. 'account': the account was made with it, and its address was proven. 'claim': the
-- account was made with it, and the provider only claimed the address. 'link': linked later. NULL: written by an earlier
-- version, and judged by the times of the two rows.
ALTER TABLE identities ADD COLUMN origin TEXT;
-- The address, in canonical form, that the provider itself called verified at the last sign-in with this identity.
ALTER TABLE identities ADD COLUMN vouched_email TEXT;
-- The last proof of identity by password, in milliseconds since 1970. NULL: none in this session.
ALTER TABLE sessions ADD COLUMN password_at BIGINT;
